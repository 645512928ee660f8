import type { IpAddress } from '../net/ip.ts';
import { absentAs, type Field, fields, integer, into, oneOf, optional } from './fields.ts';
import { metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';
import { ingressIps, trafficPolicy } from './service.ts';

/** The parts of core/v1 Service that a node's kube-proxy goes by, wherever its IPs come from. */
export interface PublishedService {
  readonly metadata: ObjectMeta;
  readonly ingress: readonly IpAddress[];
  /** Where each node tells whether it has endpoints of its own; only with externalTrafficPolicy Local. */
  readonly healthCheckNodePort: number | undefined;
}

const serviceObject = fields({
  apiVersion: oneOf('v1'),
  kind: oneOf('Service'),
  metadata,
  spec: absentAs(
    {},
    fields({
      externalTrafficPolicy: trafficPolicy,
      healthCheckNodePort: optional(integer(0, 65_535)),
    }),
  ),
  status: absentAs({}, fields({ loadBalancer: ingressIps })),
});

const publishedService: Field<PublishedService> = into(
  serviceObject,
  ({ metadata, spec, status }) => ({
    metadata,
    ingress: status.loadBalancer,
    healthCheckNodePort:
      spec.externalTrafficPolicy === 'Local' ? spec.healthCheckNodePort || undefined : undefined,
  }),
);

/** Reads what kube-proxy reads of a Service. */
export function parsePublishedService(object: unknown): Parsed<PublishedService> {
  return parseAs('Service', publishedService, object);
}
