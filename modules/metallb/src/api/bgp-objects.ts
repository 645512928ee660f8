import { parseBfdProfile } from './bfd-profile.ts';
import { parseBgpAdvertisement } from './bgp-advertisement.ts';
import { parseBgpPeer } from './bgp-peer.ts';
import { parseCommunityObject } from './community.ts';
import { parseMetalLoadBalancerBgpPeer } from './metal-load-balancer-bgp-peer.ts';
import { parseMetalLoadBalancerConfiguration } from './metal-load-balancer-configuration.ts';
import type { BgpKind } from './names.ts';
import type { Condition, ObjectMeta } from './object.ts';
import type { Parsed } from './problem.ts';

/** An object that is about BGP, of whichever kind. */
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
