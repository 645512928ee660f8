import type { RouteWishes } from '../api/bgp-fields.ts';
import { type Community, type CommunityValue, parseCommunity } from '../api/community.ts';
import { bitsOf, type IpFamily } from '../net/ip.ts';
import { cidrsOf, type IpRange } from '../net/range.ts';
import type { RouteAdvertisement } from './route-policy.ts';

const LENGTH_FIELDS = { IPv4: 'aggregationLength', IPv6: 'aggregationLengthV6' } as const;

/** What is announced by one who wishes this. */
export function routeAdvertisement(
  name: string,
  wishes: RouteWishes,
  communities: readonly Community[],
): RouteAdvertisement {
  return {
    name,
    aggregationLength: { IPv4: wishes.aggregationLength, IPv6: wishes.aggregationLengthV6 },
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

/**
 * The length of an aggregate that would stand for more than these addresses.
 * @returns undefined where every prefix lies within them
 */
export function tooWide(
  wishes: RouteWishes,
  ranges: readonly IpRange[],
):
  | { readonly field: 'aggregationLength' | 'aggregationLengthV6'; readonly widest: number }
  | undefined {
  for (const family of ['IPv4', 'IPv6'] as const) {
    const field = LENGTH_FIELDS[family];
    const widest = widestPrefix(ranges, family);
    if (widest !== undefined && wishes[field] < widest) return { field, widest };
  }
  return undefined;
}

/** A name that is defined, else the value itself. */
function communityNamed(
  name: string,
  communities: readonly Community[],
): CommunityValue | undefined {
  const defined = communities.flatMap(({ spec }) => spec.communities);
  return defined.find((one) => one.name === name)?.value ?? parseCommunity(name);
}

function widestPrefix(ranges: readonly IpRange[], family: IpFamily): number | undefined {
  const lengths = ranges
    .filter((range) => range.family === family)
    .flatMap((range) => cidrsOf(range).map(({ prefixLength }) => prefixLength));
  return lengths.length === 0 ? undefined : Math.min(bitsOf(family), ...lengths);
}
