import type { IpRange } from '../net/range.ts';
import { addressRanges } from './address-ranges.ts';
import { bandwidth, MAX_MED, MAX_PREPEND, type RouteWishes, routeWishes } from './bgp-fields.ts';
import type { Failback } from './failback.ts';
import { failback } from './failback.ts';
import {
  absentAs,
  accept,
  type Field,
  fields,
  flag,
  integer,
  into,
  listOf,
  mapOf,
  oneOf,
  optional,
  refuse,
  text,
  word,
} from './fields.ts';
import { CLASS_API_VERSION, CLASS_KIND, LABEL, MIGRATED_BY } from './names.ts';
import { type Condition, conditions, metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';
import { type Reachability, reachability } from './reachability.ts';

/** network.deckhouse.io/v1alpha1 MetalLoadBalancerClass: a group of nodes joined to a pool of addresses. */
export interface MetalLoadBalancerClass {
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly isDefault: boolean;
    readonly type: 'L2' | 'BGP' | 'L2AndBGP';
    readonly addressPool: readonly IpRange[];
    /** What becomes of an assigned address that the pool does not cover any more. */
    readonly whenOutOfPool: 'Keep' | 'Reassign';
    /** Equality labels, all of them; empty means every node. */
    readonly nodeSelector: Readonly<Record<string, string>>;
    readonly l2: {
      /** Interfaces to announce from; empty means every usable one. */
      readonly interfaces: readonly string[];
      /** `BySubnet`: of those, the ones with an address whose subnet an IP belongs to; absent means `All`. */
      readonly interfaceSelection?: 'All' | 'BySubnet';
      /** When a returning preferred node takes its IPs back (network rule 22). */
      readonly failback: Failback;
      /** Treat nodes with the exclude label as any other (Deckhouse's behaviour). */
      readonly ignoreExcludeLabel: boolean;
      /** What a node must reach to come first; absent: nothing is probed. */
      readonly reachability?: Reachability;
    };
    /** For the types with BGP. */
    readonly bgp: ClassRoutes;
  };
  readonly status: ClassStatus;
}

/** Every node of the group announces each IP, of what `maxNodes` leaves. */
export interface ClassRoutes extends RouteWishes {
  /** At most so many nodes announce an IP; absent: all. */
  readonly maxNodes?: number;
}

export interface ClassStatus {
  readonly conditions: readonly Condition[];
  readonly nodes: readonly string[];
  /** How many `nodes` there are: a printer column can't count. */
  readonly nodeCount: number;
  readonly addresses: ClassAddresses;
}

/** Decimal strings: an IPv6 /64 is more than a JSON integer holds. */
export interface ClassAddresses {
  readonly total: string;
  readonly used: string;
  /** `used/total`, for the printer column. */
  readonly summary: string;
}

/** Whether one node at a time answers for an IP of the class, by ARP or NDP. */
export function isLayer2({ spec }: Pick<MetalLoadBalancerClass, 'spec'>): boolean {
  return spec.type !== 'BGP';
}

/** Whether nodes announce routes to the IPs of the class. */
export function isRouted({ spec }: Pick<MetalLoadBalancerClass, 'spec'>): boolean {
  return spec.type !== 'L2';
}

/** The CRD's limits, so that a directory of manifests takes what an API server takes. */
const MAX_RANGES = 256;
const MAX_INTERFACES = 64;
const MAX_LABELS = 64;
const MAX_NODES = 1_000;

/** The kernel's names have no more (IFNAMSIZ). */
const interfaceName = textOf(1, 15, 'expected an interface name of 1 to 15 characters');
const labelValue = textOf(
  0,
  63,
  'expected a string of at most 63 characters, such as "" or "true"',
);

function textOf(minLength: number, maxLength: number, expected: string): Field<string> {
  return (value, place) =>
    typeof value === 'string' && value.length >= minLength && value.length <= maxLength
      ? accept(value)
      : refuse(place, value, expected);
}

const spec = fields({
  isDefault: absentAs(false, flag),
  type: absentAs('L2', oneOf('L2', 'BGP', 'L2AndBGP')),
  addressPool: absentAs([], addressRanges(MAX_RANGES)),
  whenOutOfPool: absentAs('Keep', oneOf('Keep', 'Reassign')),
  nodeSelector: absentAs({}, mapOf(labelValue, MAX_LABELS)),
  l2: absentAs(
    {},
    fields(
      {
        interfaces: absentAs([], listOf(interfaceName, MAX_INTERFACES)),
        failback: absentAs({}, failback),
        ignoreExcludeLabel: optional(flag),
      },
      { interfaceSelection: oneOf('All', 'BySubnet'), reachability },
    ),
  ),
  bgp: absentAs(
    {},
    fields(routeWishes, {
      maxNodes: integer(1, MAX_NODES),
      asPathPrepend: integer(1, MAX_PREPEND),
      med: integer(0, MAX_MED),
      linkBandwidth: bandwidth,
    }),
  ),
});

const addresses: Field<ClassAddresses> = fields({
  total: absentAs('0', text),
  used: absentAs('0', text),
  summary: absentAs('0/0', text),
});

const status: Field<ClassStatus> = into(
  fields({
    conditions,
    nodes: absentAs([], listOf(word)),
    addresses: absentAs({}, addresses),
  }),
  (read) => ({ ...read, nodeCount: read.nodes.length }),
);

const classObject = fields({
  apiVersion: oneOf(CLASS_API_VERSION),
  kind: oneOf(CLASS_KIND),
  metadata,
  spec: absentAs({}, spec),
  status: absentAs({}, status),
});

const classWithDefaults: Field<MetalLoadBalancerClass> = into(classObject, (read) => {
  // Deckhouse's module doesn't know the exclude label: classes that came from it keep its behaviour.
  const migrated = read.metadata.labels?.[LABEL.autoGeneratedBy] === MIGRATED_BY;
  const ignoreExcludeLabel = read.spec.l2.ignoreExcludeLabel ?? migrated;
  return {
    metadata: read.metadata,
    spec: { ...read.spec, l2: { ...read.spec.l2, ignoreExcludeLabel } },
    status: read.status,
  };
});

/** Reads a class with all defaults filled in. */
export function parseMetalLoadBalancerClass(object: unknown): Parsed<MetalLoadBalancerClass> {
  return parseAs(CLASS_KIND, classWithDefaults, object);
}
