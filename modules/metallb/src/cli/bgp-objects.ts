import { parseBfdProfile } from '../api/bfd-profile.ts';
import { parseBgpAdvertisement } from '../api/bgp-advertisement.ts';
import { parseBgpPeer } from '../api/bgp-peer.ts';
import { parseCommunityObject } from '../api/community.ts';
import { parseMetalLoadBalancerBgpPeer } from '../api/metal-load-balancer-bgp-peer.ts';
import { parseMetalLoadBalancerConfiguration } from '../api/metal-load-balancer-configuration.ts';
import type { BgpKind } from '../api/names.ts';
import type { Condition, ObjectMeta } from '../api/object.ts';
import type { Parsed } from '../api/problem.ts';

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
} as const satisfies Record<BgpKind, (object: unknown) => Parsed<BgpObject>>;
