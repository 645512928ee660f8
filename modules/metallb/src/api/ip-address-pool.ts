import type { IpRange } from '../net/range.ts';
import { addressRanges } from './address-ranges.ts';
import {
  absentAs,
  accept,
  type Field,
  fields,
  flag,
  integer,
  into,
  listOf,
  oneOf,
  optional,
  refine,
  refuse,
  text,
} from './fields.ts';
import { type LabelSelector, labelSelectors } from './label-selector.ts';
import { METALLB_API_VERSION } from './names.ts';
import { type Condition, conditions, metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';

/** metallb.io/v1beta1 IPAddressPool: addresses for Services. */
export interface IpAddressPool {
  readonly metadata: ObjectMeta;
  readonly spec: {
    /** At least one. */
    readonly addresses: readonly IpRange[];
    readonly autoAssign: boolean;
    readonly avoidBuggyIps: boolean;
    /** Undefined: for every Service, after the pools that name whom they are for. */
    readonly serviceAllocation: ServiceAllocation | undefined;
  };
  readonly status: { readonly conditions: readonly Condition[] };
}

/** Whom a pool is for, and how much it is preferred by them. Without namespaces and selectors it is for everybody. */
export interface ServiceAllocation {
  /** The lowest number first; 0 comes after all others. */
  readonly priority: number;
  /** Of these namespaces, or of those that a namespace selector selects. */
  readonly namespaces: readonly string[];
  readonly namespaceSelectors: readonly LabelSelector[];
  /** Where namespaces are named too, both must hold. */
  readonly serviceSelectors: readonly LabelSelector[];
}

/** MetalLB has no limit; what no API server would store is a slip. */
const MAX_RANGES = 10_000;

const addresses: Field<readonly IpRange[]> = refine(addressRanges(MAX_RANGES), (ranges, place) =>
  ranges.length > 0 ? accept(ranges) : refuse(place, [], 'expected at least one CIDR or range'),
);

const serviceAllocation: Field<ServiceAllocation> = fields({
  priority: absentAs(0, integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)),
  namespaces: absentAs([], listOf(text)),
  namespaceSelectors: labelSelectors,
  serviceSelectors: labelSelectors,
});

/** `spec` of an IPAddressPool. */
export const ipAddressPoolSpec: Field<IpAddressPool['spec']> = into(
  fields({
    addresses,
    autoAssign: absentAs(true, flag),
    avoidBuggyIPs: absentAs(false, flag),
    serviceAllocation: optional(serviceAllocation),
  }),
  ({ avoidBuggyIPs: avoidBuggyIps, ...rest }) => ({ ...rest, avoidBuggyIps }),
);

const pool: Field<IpAddressPool> = fields({
  apiVersion: oneOf(METALLB_API_VERSION),
  kind: oneOf('IPAddressPool'),
  metadata,
  spec: ipAddressPoolSpec,
  status: absentAs({}, fields({ conditions })),
});

/** Reads an IPAddressPool with all defaults filled in. */
export function parseIpAddressPool(object: unknown): Parsed<IpAddressPool> {
  return parseAs('IPAddressPool', pool, object);
}
