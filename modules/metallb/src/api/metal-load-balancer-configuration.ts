import { annotated, noAnnotations } from './annotations.ts';
import { MAX_LOCAL_PREF } from './bgp-fields.ts';
import {
  absentAs,
  type Field,
  fields,
  integer,
  into,
  listOf,
  oneOf,
  optional,
  textMap,
  word,
} from './fields.ts';
import { CLASS_API_VERSION } from './names.ts';
import { type Condition, conditions, metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';

/**
 * network.deckhouse.io/v1alpha1 MetalLoadBalancerConfiguration: which nodes have sessions with which routers, and what
 * they announce there.
 */
export interface MetalLoadBalancerConfiguration {
  readonly metadata: ObjectMeta;
  readonly spec: {
    /** Equality labels, all of them; empty means every node. */
    readonly nodeSelector: Readonly<Record<string, string>>;
    /** Of MetalLoadBalancerBGPPeers. */
    readonly peerNames: readonly string[];
    readonly advertisements: readonly ConfiguredAdvertisement[];
  };
  readonly status: { readonly conditions: readonly Condition[] };
}

export interface ConfiguredAdvertisement {
  readonly poolNames: readonly string[];
  /** Values or well-known names. */
  readonly communities: readonly string[];
  readonly localPref: number | undefined;
  readonly aggregationLength: number | undefined;
}

/** Deckhouse's word for no community. */
const NO_COMMUNITY = 'none';

const advertisement: Field<ConfiguredAdvertisement> = into(
  fields({
    poolNames: listOf(word),
    bgp: absentAs(
      {},
      fields({
        communities: absentAs([], listOf(word)),
        localPref: optional(integer(0, MAX_LOCAL_PREF)),
        aggregationLength: optional(integer(0, 128)),
      }),
    ),
  }),
  ({ poolNames, bgp: { communities, localPref, aggregationLength } }) => ({
    poolNames,
    communities: communities.filter((written) => written !== NO_COMMUNITY),
    // 0 is none of either, as in Deckhouse.
    localPref: localPref || undefined,
    aggregationLength: aggregationLength || undefined,
  }),
);

const configuration: Field<MetalLoadBalancerConfiguration> = into(
  annotated(
    fields({
      apiVersion: oneOf(CLASS_API_VERSION),
      kind: oneOf('MetalLoadBalancerConfiguration'),
      metadata,
      spec: fields({
        mode: oneOf('BGP'),
        nodeSelector: absentAs({}, textMap),
        bgp: absentAs({}, fields({ peerNames: absentAs([], listOf(word)) })),
        advertisements: absentAs([], listOf(advertisement)),
      }),
      status: absentAs({}, fields({ conditions })),
    }),
    noAnnotations,
  ),
  ({ metadata, spec: { nodeSelector, bgp, advertisements }, status }) => ({
    metadata,
    spec: { nodeSelector, peerNames: bgp.peerNames, advertisements },
    status,
  }),
);

/** Reads a MetalLoadBalancerConfiguration with all defaults filled in. */
export function parseMetalLoadBalancerConfiguration(
  object: unknown,
): Parsed<MetalLoadBalancerConfiguration> {
  return parseAs('MetalLoadBalancerConfiguration', configuration, object);
}
