import type { BgpAdvertisement } from '../api/bgp-advertisement.ts';
import type { BgpPeer } from '../api/bgp-peer.ts';
import { type Community, type CommunityValue, parseCommunity } from '../api/community.ts';
import { anySelects } from '../api/label-selector.ts';
import type { Node } from '../api/node.ts';
import { keyOf } from '../api/object.ts';
import { type AdvertisedPool, advertises } from '../metallb/advertised-pools.ts';
import { bitsOf, type IpFamily } from '../net/ip.ts';
import { cidrsOf, type IpRange } from '../net/range.ts';
import type { RouteAdvertisement } from './route-policy.ts';

/** What MetalLB's API says of BGP, as far as it counts. */
export interface BgpApi {
  readonly peers: readonly BgpPeer[];
  readonly advertisements: readonly BgpAdvertisement[];
  readonly communities: readonly Community[];
}

/** A pool with the addresses it has. */
export interface RoutedPool extends AdvertisedPool {
  readonly ranges: readonly IpRange[];
}

/** The peers that a node has sessions with. */
export function peersOfNode({ peers }: BgpApi, { labels }: Node): BgpPeer[] {
  return peers.filter(({ spec }) => anySelects(spec.nodeSelectors, labels));
}

/**
 * What a node announces of a Service with these labels whose IP comes from the pool. Nothing by an advertisement that
 * would say less than is meant, or of more than the pool.
 */
export function routeAdvertisements(
  api: BgpApi,
  pool: RoutedPool,
  serviceLabels: Readonly<Record<string, string>>,
  node: Node,
): RouteAdvertisement[] {
  return api.advertisements
    .filter(
      ({ spec }) =>
        advertises(spec, pool) &&
        anySelects(spec.serviceSelectors, serviceLabels) &&
        anySelects(spec.nodeSelectors, node.labels),
    )
    .filter(
      (advertisement) =>
        unknownCommunities(advertisement, api).length === 0 &&
        aggregateFault(advertisement, pool) === undefined,
    )
    .map((advertisement) => routeAdvertisement(advertisement, api));
}

/** Communities that an advertisement names and nobody defines: it can't be announced as it is meant. */
export function unknownCommunities({ spec }: BgpAdvertisement, { communities }: BgpApi): string[] {
  return spec.communities.filter((name) => communityNamed(name, communities) === undefined);
}

/**
 * What an aggregate would stand for beside the pool: addresses that are others'.
 * @returns in words; undefined where every prefix lies within the pool
 */
export function aggregateFault(
  { spec, metadata }: BgpAdvertisement,
  pool: RoutedPool,
): string | undefined {
  for (const family of ['IPv4', 'IPv6'] as const) {
    const length = lengthFor(spec, family);
    const widest = widestPrefix(pool.ranges, family);
    if (widest === undefined || length >= widest) continue;
    const field = family === 'IPv4' ? 'aggregationLength' : 'aggregationLengthV6';
    return `BGPAdvertisement/${keyOf(metadata)}: spec.${field} is ${length}: expected at least ${widest}, the length of the widest prefix of pool ${pool.name}, or the aggregate would stand for addresses that are not in it`;
  }
  return undefined;
}

function routeAdvertisement(
  { metadata, spec }: BgpAdvertisement,
  { communities }: BgpApi,
): RouteAdvertisement {
  return {
    name: keyOf(metadata),
    aggregationLength: { IPv4: lengthFor(spec, 'IPv4'), IPv6: lengthFor(spec, 'IPv6') },
    localPref: spec.localPref,
    communities: spec.communities.flatMap((name) => communityNamed(name, communities) ?? []),
    peers: spec.peers.length === 0 ? undefined : new Set(spec.peers),
  };
}

function lengthFor(spec: BgpAdvertisement['spec'], family: IpFamily): number {
  return family === 'IPv4' ? spec.aggregationLength : spec.aggregationLengthV6;
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
