import type { IpAddress } from '../net/ip.ts';
import { type Announcer, announcer } from './announcer.ts';
import {
  absentAs,
  both,
  type Field,
  fields,
  into,
  ipAddress,
  oneOf,
  optional,
  text,
  textMap,
  word,
} from './fields.ts';
import { CHILD_ANNOTATION, CHILD_API_VERSION, CHILD_KIND } from './names.ts';
import { type Condition, conditions, metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';
import {
  ingressIps,
  ipFamilies,
  type ServicePort,
  servicePorts,
  trafficPolicy,
} from './service.ts';

/** internal.network.deckhouse.io/v1alpha1 SDNInternalL2LBService: one IP of one Service. */
export interface Child {
  readonly metadata: ObjectMeta;
  readonly className: string;
  readonly preferredNode: string | undefined;
  readonly requestedIp: IpAddress | undefined;
  readonly sharedIpKey: string | undefined;
  /** Announce the IP although a foreign host may have it (network rule 21). */
  readonly forceAddress: boolean;
  readonly serviceRef: { readonly namespace: string; readonly name: string };
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  readonly ports: readonly ServicePort[];
  readonly selector: Readonly<Record<string, string>>;
  readonly ipFamilies: readonly ('IPv4' | 'IPv6')[];
  readonly status: {
    /** The first ingress IP, once assigned. */
    readonly ip: IpAddress | undefined;
    readonly announcer: Announcer | undefined;
    readonly conditions: readonly Condition[];
  };
}

const childAnnotations = fields({
  [CHILD_ANNOTATION.addressPool]: word,
  [CHILD_ANNOTATION.preferredNode]: optional(word),
  [CHILD_ANNOTATION.requestedIps]: optional(ipAddress),
  [CHILD_ANNOTATION.sharedIpKey]: optional(word),
  [CHILD_ANNOTATION.forceAddress]: into(absentAs('false', text), (written) => written === 'true'),
});

const childObject = fields({
  apiVersion: oneOf(CHILD_API_VERSION),
  kind: oneOf(CHILD_KIND),
  metadata: both(metadata, fields({ annotations: absentAs({}, childAnnotations) })),
  spec: fields({
    serviceRef: fields({ namespace: optional(word), name: word }),
    externalTrafficPolicy: trafficPolicy,
    ports: servicePorts,
    selector: absentAs({}, textMap),
    ipFamilies: absentAs(['IPv4'], ipFamilies),
  }),
  status: absentAs(
    {},
    fields({ loadBalancer: ingressIps, announcer: optional(announcer), conditions }),
  ),
});

const child: Field<Child> = into(childObject, ({ metadata: [metadata, wishes], spec, status }) => ({
  metadata,
  ...spec,
  className: wishes.annotations[CHILD_ANNOTATION.addressPool],
  preferredNode: wishes.annotations[CHILD_ANNOTATION.preferredNode],
  requestedIp: wishes.annotations[CHILD_ANNOTATION.requestedIps],
  sharedIpKey: wishes.annotations[CHILD_ANNOTATION.sharedIpKey],
  forceAddress: wishes.annotations[CHILD_ANNOTATION.forceAddress],
  // The schema has the namespace optional: a child lives beside its Service.
  serviceRef: {
    namespace: spec.serviceRef.namespace ?? metadata.namespace ?? 'default',
    name: spec.serviceRef.name,
  },
  status: {
    ip: status.loadBalancer[0],
    announcer: status.announcer,
    conditions: status.conditions,
  },
}));

/** Reads a child. */
export function parseChild(object: unknown): Parsed<Child> {
  return parseAs(CHILD_KIND, child, object);
}
