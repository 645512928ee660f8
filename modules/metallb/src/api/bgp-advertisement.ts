import { MAX_LOCAL_PREF } from './bgp-fields.ts';
import {
  absentAs,
  accept,
  type Field,
  fields,
  integer,
  listOf,
  memberOf,
  oneOf,
  optional,
  problemAt,
  refine,
  word,
} from './fields.ts';
import { type LabelSelector, labelSelectors } from './label-selector.ts';
import { METALLB_API_VERSION } from './names.ts';
import { type Condition, conditions, metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';

/** metallb.io/v1beta1 BGPAdvertisement: what is announced of which pools, by which nodes, to which routers. */
export interface BgpAdvertisement {
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly aggregationLength: number;
    readonly aggregationLengthV6: number;
    /** Undefined: the router's own default. */
    readonly localPref: number | undefined;
    /** As written: values, or names of Community objects. */
    readonly communities: readonly string[];
    /** By name or by label, joined; neither means every pool. */
    readonly ipAddressPools: readonly string[];
    readonly ipAddressPoolSelectors: readonly LabelSelector[];
    readonly nodeSelectors: readonly LabelSelector[];
    readonly serviceSelectors: readonly LabelSelector[];
    /** Names of BGPPeers; none means all. */
    readonly peers: readonly string[];
  };
  readonly status: { readonly conditions: readonly Condition[] };
}

const WHOLE = { v4: 32, v6: 128 };

const spec: Field<BgpAdvertisement['spec']> = refine(
  fields({
    aggregationLength: absentAs(WHOLE.v4, integer(1, WHOLE.v4)),
    aggregationLengthV6: absentAs(WHOLE.v6, integer(1, WHOLE.v6)),
    localPref: optional(integer(0, MAX_LOCAL_PREF)),
    communities: absentAs([], listOf(word)),
    ipAddressPools: absentAs([], listOf(word)),
    ipAddressPoolSelectors: labelSelectors,
    nodeSelectors: labelSelectors,
    serviceSelectors: labelSelectors,
    peers: absentAs([], listOf(word)),
  }),
  (read, place) => {
    const { aggregationLength, aggregationLengthV6, serviceSelectors } = read;
    // MetalLB's 0 is none.
    const spec = { ...read, localPref: read.localPref || undefined };
    const isWhole = aggregationLength === WHOLE.v4 && aggregationLengthV6 === WHOLE.v6;
    if (serviceSelectors.length === 0 || isWhole) return accept(spec);
    const name = aggregationLength === WHOLE.v4 ? 'aggregationLengthV6' : 'aggregationLength';
    const expected =
      'expected the whole address beside serviceSelectors: an aggregate would stand for other Services, too';
    return { ok: false, problems: [problemAt(memberOf(place, name), read[name], expected)] };
  },
);

const advertisement: Field<BgpAdvertisement> = fields({
  apiVersion: oneOf(METALLB_API_VERSION),
  kind: oneOf('BGPAdvertisement'),
  metadata,
  spec: absentAs({}, spec),
  status: absentAs({}, fields({ conditions })),
});

/** Reads a BGPAdvertisement with all defaults filled in. */
export function parseBgpAdvertisement(object: unknown): Parsed<BgpAdvertisement> {
  return parseAs('BGPAdvertisement', advertisement, object);
}
