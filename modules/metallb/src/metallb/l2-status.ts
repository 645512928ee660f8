import { createHash } from 'node:crypto';
import { METALLB_API_VERSION, METALLB_LABEL } from '../api/names.ts';
import type { IpAddress } from '../net/ip.ts';

const NAME_DIGITS = 16;
/** A label's value may be no longer. */
const MAX_LABEL_LENGTH = 63;

/** One IP of one Service. */
export interface ServiceIp {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly ip: IpAddress;
}

/** Name of the ServiceL2Status that tells who announces the IP: whoever does finds the same object. */
export function l2StatusName({ namespace, name, ip }: Omit<ServiceIp, 'uid'>): string {
  const digest = createHash('sha256').update(`${namespace}/${name}#${ip}`).digest('hex');
  return `l2-${digest.slice(0, NAME_DIGITS)}`;
}

/** Its labels, as MetalLB has them; those of a ServiceBGPStatus, too. */
export function l2StatusLabels(
  { namespace, name }: Pick<ServiceIp, 'namespace' | 'name'>,
  node: string,
): Readonly<Record<string, string>> {
  const labels = {
    [METALLB_LABEL.node]: node,
    [METALLB_LABEL.serviceName]: name,
    [METALLB_LABEL.serviceNamespace]: namespace,
  };
  return Object.fromEntries(
    Object.entries(labels).filter(([, value]) => value.length <= MAX_LABEL_LENGTH),
  );
}

/** The object before anything was told. */
export function newL2Status(service: ServiceIp, namespace: string, node: string) {
  return {
    apiVersion: METALLB_API_VERSION,
    kind: 'ServiceL2Status',
    metadata: { name: l2StatusName(service), namespace, labels: l2StatusLabels(service, node) },
    spec: {},
  };
}
