import type { IpAddress } from '../net/ip.ts';
import {
  absentAs,
  type Field,
  fields,
  integer,
  into,
  oneOf,
  optional,
  text,
  word,
} from './fields.ts';
import { allocatedFromPool } from './metallb-wishes.ts';
import { ANNOTATION, CONDITION } from './names.ts';
import { conditions, metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';
import { boundClassOf, ingressIps, trafficPolicy } from './service.ts';

/** The parts of core/v1 Service that a node goes by, wherever its IPs come from. */
export interface PublishedService {
  readonly metadata: ObjectMeta;
  readonly type: string;
  readonly loadBalancerClass: string | undefined;
  /** Name of the MetalLoadBalancerClass that serves it. */
  readonly boundClass: string | undefined;
  /** MetalLB's API serves it, as this module's controller says; another MetalLB says nothing of the kind. */
  readonly isOfMetallbApi: boolean;
  /** Name of the pool of MetalLB's API that its IPs came from. */
  readonly allocatedFromPool: string | undefined;
  /** Announce its IPs although a foreign host may have one (network rule 21). */
  readonly forceAddress: boolean;
  readonly ingress: readonly IpAddress[];
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
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
      type: absentAs('ClusterIP', word),
      loadBalancerClass: optional(text),
      externalTrafficPolicy: trafficPolicy,
      healthCheckNodePort: optional(integer(0, 65_535)),
    }),
  ),
  status: absentAs({}, fields({ loadBalancer: ingressIps, conditions })),
});

const publishedService: Field<PublishedService> = into(
  serviceObject,
  ({ metadata, spec, status }) => ({
    metadata,
    ...spec,
    loadBalancerClass: spec.loadBalancerClass || undefined,
    boundClass: boundClassOf(status.conditions),
    isOfMetallbApi: status.conditions.some(({ type }) => type === CONDITION.metallbPool),
    allocatedFromPool: allocatedFromPool(metadata.annotations ?? {}),
    forceAddress: metadata.annotations?.[ANNOTATION.forceAddress] === 'true',
    ingress: status.loadBalancer,
    healthCheckNodePort:
      spec.externalTrafficPolicy === 'Local' ? spec.healthCheckNodePort || undefined : undefined,
  }),
);

/** Reads what a node goes by of a Service. */
export function parsePublishedService(object: unknown): Parsed<PublishedService> {
  return parseAs('Service', publishedService, object);
}
