import { annotated, digits, ownAnnotations } from './annotations.ts';
import {
  bandwidth,
  MAX_MED,
  MAX_PREPEND,
  type RouteWishes,
  routeWishes,
  WHOLE,
} from './bgp-fields.ts';
import {
  absentAs,
  accept,
  type Field,
  fields,
  into,
  listOf,
  memberOf,
  oneOf,
  optional,
  problemAt,
  refine,
  word,
} from './fields.ts';
import { type LabelSelector, labelSelectors } from './label-selector.ts';
import { BGP_ANNOTATION, METALLB_API_VERSION } from './names.ts';
import { type Condition, conditions, metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';

/** metallb.io/v1beta1 BGPAdvertisement: what is announced of which pools, by which nodes, to which routers. */
export interface BgpAdvertisement {
  readonly metadata: ObjectMeta;
  readonly spec: RouteWishes & {
    /** By name or by label, joined; neither means every pool. */
    readonly ipAddressPools: readonly string[];
    readonly ipAddressPoolSelectors: readonly LabelSelector[];
    readonly nodeSelectors: readonly LabelSelector[];
    readonly serviceSelectors: readonly LabelSelector[];
  };
  readonly status: { readonly conditions: readonly Condition[] };
}

const spec: Field<BgpAdvertisement['spec']> = refine(
  fields({
    ...routeWishes,
    ipAddressPools: absentAs([], listOf(word)),
    ipAddressPoolSelectors: labelSelectors,
    nodeSelectors: labelSelectors,
    serviceSelectors: labelSelectors,
  }),
  (read, place) => {
    const { aggregationLength, aggregationLengthV6, serviceSelectors } = read;
    const isWhole = aggregationLength === WHOLE.v4 && aggregationLengthV6 === WHOLE.v6;
    if (serviceSelectors.length === 0 || isWhole) return accept(read);
    const name = aggregationLength === WHOLE.v4 ? 'aggregationLengthV6' : 'aggregationLength';
    const expected =
      'expected the whole address beside serviceSelectors: an aggregate would stand for other Services, too';
    return { ok: false, problems: [problemAt(memberOf(place, name), read[name], expected)] };
  },
);

const annotations = into(
  ownAnnotations({
    [BGP_ANNOTATION.asPathPrepend]: optional(digits(1, MAX_PREPEND)),
    [BGP_ANNOTATION.med]: optional(digits(0, MAX_MED)),
    [BGP_ANNOTATION.linkBandwidth]: optional(bandwidth),
  }),
  (read) => ({
    asPathPrepend: read[BGP_ANNOTATION.asPathPrepend],
    med: read[BGP_ANNOTATION.med],
    linkBandwidth: read[BGP_ANNOTATION.linkBandwidth],
  }),
);

const advertisement: Field<BgpAdvertisement> = annotated(
  fields({
    apiVersion: oneOf(METALLB_API_VERSION),
    kind: oneOf('BGPAdvertisement'),
    metadata,
    spec: absentAs({}, spec),
    status: absentAs({}, fields({ conditions })),
  }),
  annotations,
);

/** Reads a BGPAdvertisement with all defaults filled in. */
export function parseBgpAdvertisement(object: unknown): Parsed<BgpAdvertisement> {
  return parseAs('BGPAdvertisement', advertisement, object);
}
