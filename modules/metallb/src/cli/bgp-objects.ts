import { parseBfdProfile } from '../api/bfd-profile.ts';
import { parseBgpAdvertisement } from '../api/bgp-advertisement.ts';
import { parseBgpPeer } from '../api/bgp-peer.ts';
import { parseCommunityObject } from '../api/community.ts';
import { parseMetalLoadBalancerBgpPeer } from '../api/metal-load-balancer-bgp-peer.ts';
import { parseMetalLoadBalancerConfiguration } from '../api/metal-load-balancer-configuration.ts';
import type { Condition, ObjectMeta } from '../api/object.ts';
import type { Parsed } from '../api/problem.ts';
import type { Kind } from '../store/store.ts';

/** An object that is about BGP, as far as `mlb status` shows it. */
export interface BgpObject {
  readonly metadata: ObjectMeta;
  readonly status: { readonly conditions: readonly Condition[] };
}

/** Who reads which kind. */
export const BGP_PARSERS = {
  BGPPeer: parseBgpPeer,
  BGPAdvertisement: parseBgpAdvertisement,
  BFDProfile: parseBfdProfile,
  Community: parseCommunityObject,
  MetalLoadBalancerBGPPeer: parseMetalLoadBalancerBgpPeer,
  MetalLoadBalancerConfiguration: parseMetalLoadBalancerConfiguration,
} as const satisfies Partial<Record<Kind, (object: unknown) => Parsed<BgpObject>>>;

export type BgpKind = keyof typeof BGP_PARSERS;

export const BGP_KINDS = Object.keys(BGP_PARSERS) as readonly BgpKind[];
