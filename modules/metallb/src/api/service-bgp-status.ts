import { absentAs, type Field, fields, listOf, oneOf, optional, text, word } from './fields.ts';
import { METALLB_API_VERSION } from './names.ts';
import { metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';

/** metallb.io/v1beta1 ServiceBGPStatus: to which peers one node announces the IPs of one Service. */
export interface ServiceBgpStatus {
  readonly metadata: ObjectMeta;
  readonly status: {
    readonly node: string | undefined;
    readonly serviceName: string | undefined;
    readonly serviceNamespace: string | undefined;
    /** Names of BGPPeers. */
    readonly peers: readonly string[];
  };
}

const serviceBgpStatus: Field<ServiceBgpStatus> = fields({
  apiVersion: oneOf(METALLB_API_VERSION),
  kind: oneOf('ServiceBGPStatus'),
  metadata,
  status: absentAs(
    {},
    fields({
      node: optional(text),
      serviceName: optional(text),
      serviceNamespace: optional(text),
      peers: absentAs([], listOf(word)),
    }),
  ),
});

/** Reads a ServiceBGPStatus, MetalLB's own too. */
export function parseServiceBgpStatus(object: unknown): Parsed<ServiceBgpStatus> {
  return parseAs('ServiceBGPStatus', serviceBgpStatus, object);
}
