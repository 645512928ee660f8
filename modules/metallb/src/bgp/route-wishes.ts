import type { RouteWishes } from '../api/bgp-fields.ts';
import { type Community, type CommunityValue, parseCommunity } from '../api/community.ts';
import { lengthsOf } from './aggregates.ts';
import type { RouteAdvertisement } from './route-policy.ts';

/** What is announced by one who wishes this. */
export function routeAdvertisement(
  name: string,
  wishes: RouteWishes,
  communities: readonly Community[],
): RouteAdvertisement {
  return {
    name,
    aggregationLength: lengthsOf(wishes),
    localPref: wishes.localPref,
    communities: wishes.communities.flatMap(
      (written) => communityNamed(written, communities) ?? [],
    ),
    peers: wishes.peers.length === 0 ? undefined : new Set(wishes.peers),
    asPathPrepend: wishes.asPathPrepend,
    med: wishes.med,
    linkBandwidth: wishes.linkBandwidth,
  };
}

/** Those that are no values and that nobody defines. */
export function undefinedCommunities(
  wishes: RouteWishes,
  communities: readonly Community[],
): string[] {
  return wishes.communities.filter((name) => communityNamed(name, communities) === undefined);
}

/** A name that is defined, else the value itself. */
function communityNamed(
  name: string,
  communities: readonly Community[],
): CommunityValue | undefined {
  const defined = communities.flatMap(({ spec }) => spec.communities);
  return defined.find((one) => one.name === name)?.value ?? parseCommunity(name);
}
