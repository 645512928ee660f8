import {
  absentAs,
  both,
  type Field,
  fields,
  flag,
  into,
  listOf,
  oneOf,
  optional,
  word,
} from './fields.ts';
import { LABEL } from './names.ts';
import { metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';

/** The parts of discovery.k8s.io/v1 EndpointSlice that this module reads. */
export interface EndpointSlice {
  readonly metadata: ObjectMeta;
  /** `namespace/name` of the Service, from the label kubernetes.io/service-name. */
  readonly service: string;
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN';
  readonly endpoints: readonly Endpoint[];
}

export interface Endpoint {
  readonly nodeName: string | undefined;
  /** nil counts as true (EndpointConditions). */
  readonly ready: boolean;
  /** nil defers to `ready`: only conditions written before Kubernetes 1.20 lack it. */
  readonly serving: boolean;
  /** nil counts as false. */
  readonly terminating: boolean;
}

const endpointConditions = fields({
  ready: absentAs(true, flag),
  serving: optional(flag),
  terminating: absentAs(false, flag),
});

const endpoint: Field<Endpoint> = into(
  fields({ nodeName: optional(word), conditions: absentAs({}, endpointConditions) }),
  ({ nodeName, conditions: { ready, serving, terminating } }) => ({
    nodeName,
    ready,
    serving: serving ?? ready,
    terminating,
  }),
);

const sliceLabels = fields({ [LABEL.serviceName]: word });

const sliceObject = fields({
  apiVersion: oneOf('discovery.k8s.io/v1'),
  kind: oneOf('EndpointSlice'),
  metadata: both(metadata, fields({ labels: absentAs({}, sliceLabels) })),
  addressType: absentAs('IPv4', oneOf('IPv4', 'IPv6', 'FQDN')),
  endpoints: absentAs([], listOf(endpoint)),
});

const slice: Field<EndpointSlice> = into(
  sliceObject,
  ({ metadata: [metadata, { labels }], ...slice }) => ({
    ...slice,
    metadata,
    service: `${metadata.namespace ?? 'default'}/${labels[LABEL.serviceName]}`,
  }),
);

/** Reads an EndpointSlice; one without the label that names its Service is none of a Service. */
export function parseEndpointSlice(object: unknown): Parsed<EndpointSlice> {
  return parseAs('EndpointSlice', slice, object);
}
