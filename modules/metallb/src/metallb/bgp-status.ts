import { createHash } from 'node:crypto';
import { METALLB_API_VERSION } from '../api/names.ts';
import type { ServiceBgpStatus } from '../api/service-bgp-status.ts';
import { l2StatusLabels } from './l2-status.ts';

const NAME_DIGITS = 16;

/** What one node tells of one Service. */
export interface ServiceOfNode {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
}

/** Name of the ServiceBGPStatus in which a node tells to whom it announces a Service. */
export function bgpStatusName({ namespace, name, node }: ServiceOfNode): string {
  const digest = createHash('sha256').update(`${node}#${namespace}/${name}`).digest('hex');
  return `bgp-${digest.slice(0, NAME_DIGITS)}`;
}

/** The object before anything was told. */
export function newBgpStatus(told: ServiceOfNode, namespace: string) {
  return {
    apiVersion: METALLB_API_VERSION,
    kind: 'ServiceBGPStatus',
    metadata: { name: bgpStatusName(told), namespace, labels: l2StatusLabels(told, told.node) },
    spec: {},
  };
}

/** What it is about; undefined for one of MetalLB's own, which its speakers look after. */
export function serviceOfBgpStatus({
  metadata,
  status: { node, serviceName: name, serviceNamespace: namespace },
}: ServiceBgpStatus): ServiceOfNode | undefined {
  if (node === undefined || name === undefined || namespace === undefined) return undefined;
  const told = { namespace, name, node };
  return metadata.name === bgpStatusName(told) ? told : undefined;
}
