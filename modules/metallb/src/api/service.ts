import type { IpAddress, IpFamily } from '../net/ip.ts';
import {
  absentAs,
  anyRecord,
  both,
  type Field,
  fields,
  integer,
  into,
  ipAddress,
  listOf,
  oneOf,
  optional,
  text,
  textMap,
  word,
} from './fields.ts';
import { type MetallbWishes, readMetallbWishes } from './metallb-wishes.ts';
import { CONDITION } from './names.ts';
import { type Condition, conditions, metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed, Problem } from './problem.ts';
import { readServiceWishes } from './service-annotations.ts';

/** The parts of core/v1 Service that this module reads, with our annotations already understood. */
export interface Service {
  readonly metadata: ObjectMeta;
  readonly type: string;
  readonly loadBalancerClass: string | undefined;
  readonly classAnnotation: string | undefined;
  /** The class bound earlier: message of the condition `network.deckhouse.io/load-balancer-class`. */
  readonly boundClass: string | undefined;
  /** `undefined` where the annotation can't be understood: then it has as many as it has, at least one. */
  readonly count: number | 'auto' | undefined;
  /** Item i is for child i; undefined where the user leaves it to us, or wrote what can't be an address. */
  readonly requestedIps: readonly (IpAddress | undefined)[];
  readonly sharedIpKey: string | undefined;
  /** Announce the IPs although a foreign host may have one (network rule 21). */
  readonly forceAddress: boolean;
  /** What it asks of MetalLB's API, which serves it where no class does. */
  readonly metallb: MetallbWishes;
  readonly ports: readonly ServicePort[];
  readonly selector: Readonly<Record<string, string>> | undefined;
  /** Never empty: what the API server would fill in on a cluster whose first family is IPv4. */
  readonly ipFamilies: readonly IpFamily[];
  readonly ipFamilyPolicy: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack';
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  /** The whole spec as stored, for what a child must carry unread. */
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status: {
    readonly ingress: readonly IpAddress[];
    readonly conditions: readonly Condition[];
  };
  /** Annotations that could not be understood. */
  readonly problems: readonly Problem[];
}

/** What addresses are shared by: the parts of an entry of `spec.ports` that tell two Services apart. */
export interface ServicePort {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly port: number;
}

/** `spec.ports` of Services and children; none when absent. */
export const servicePorts: Field<readonly ServicePort[]> = absentAs(
  [],
  listOf(
    fields({ protocol: absentAs('TCP', oneOf('TCP', 'UDP', 'SCTP')), port: integer(1, 65_535) }),
  ),
);

/** `spec.externalTrafficPolicy` with the API server's default. */
export const trafficPolicy = absentAs('Cluster', oneOf('Cluster', 'Local'));
/** `spec.ipFamilies`, empty when absent: what that means is the kind's own. */
export const ipFamilies = absentAs([], listOf(oneOf('IPv4', 'IPv6')));

/** `status.loadBalancer.ingress[*].ip`; entries with a host name instead of an IP are somebody else's. */
export const ingressIps: Field<readonly IpAddress[]> = absentAs(
  {},
  into(
    fields({ ingress: absentAs([], listOf(fields({ ip: optional(ipAddress) }))) }),
    ({ ingress }) => ingress.flatMap(({ ip }) => (ip === undefined ? [] : [ip])),
  ),
);

const serviceSpec = fields({
  type: absentAs('ClusterIP', word),
  loadBalancerClass: optional(text),
  ports: servicePorts,
  selector: optional(textMap),
  ipFamilies,
  ipFamilyPolicy: optional(oneOf('SingleStack', 'PreferDualStack', 'RequireDualStack')),
  externalTrafficPolicy: trafficPolicy,
  loadBalancerIP: optional(text),
});

const serviceObject = fields({
  apiVersion: oneOf('v1'),
  kind: oneOf('Service'),
  metadata,
  spec: absentAs({}, both(serviceSpec, anyRecord)),
  status: absentAs({}, fields({ loadBalancer: ingressIps, conditions })),
});

const service: Field<Service> = (value, place) =>
  into(serviceObject, ({ metadata, spec: [{ loadBalancerIP, ...spec }, asStored], status }) => ({
    metadata,
    ...spec,
    ...readServiceWishes({ annotations: metadata.annotations ?? {}, loadBalancerIP }, place),
    metallb: readMetallbWishes({ annotations: metadata.annotations ?? {}, loadBalancerIP }, place),
    loadBalancerClass: spec.loadBalancerClass || undefined,
    ...stackOf(spec),
    boundClass: boundClassOf(status.conditions),
    spec: asStored,
    status: { ingress: status.loadBalancer, conditions: status.conditions },
  }))(value, place);

/** Reads a Service. Annotations that can't be understood don't refuse it: see `problems`. */
export function parseService(object: unknown): Parsed<Service> {
  return parseAs('Service', service, object);
}

/** The API server's defaults, for manifests that never met one. */
function stackOf({
  ipFamilies,
  ipFamilyPolicy,
}: {
  readonly ipFamilies: readonly IpFamily[];
  readonly ipFamilyPolicy: Service['ipFamilyPolicy'] | undefined;
}): Pick<Service, 'ipFamilies' | 'ipFamilyPolicy'> {
  const policy = ipFamilyPolicy ?? (ipFamilies.length > 1 ? 'RequireDualStack' : 'SingleStack');
  const usual: readonly IpFamily[] = policy === 'SingleStack' ? ['IPv4'] : ['IPv4', 'IPv6'];
  return { ipFamilies: ipFamilies.length > 0 ? ipFamilies : usual, ipFamilyPolicy: policy };
}

/** A message with spaces is a sentence for people, not a class name. */
export function boundClassOf(conditions: readonly Condition[]): string | undefined {
  const bound = conditions.find(({ type }) => type === CONDITION.classBound)?.message;
  return bound !== undefined && /^\S+$/.test(bound) ? bound : undefined;
}
