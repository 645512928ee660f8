import type { BgpAdvertisement } from '../api/bgp-advertisement.ts';
import type { BgpPeer } from '../api/bgp-peer.ts';
import type { Community } from '../api/community.ts';
import { anySelects } from '../api/label-selector.ts';
import type { Node } from '../api/node.ts';
import { keyOf } from '../api/object.ts';
import { type AdvertisedPool, advertises } from '../metallb/advertised-pools.ts';
import type { IpRange } from '../net/range.ts';
import type { RouteAdvertisement } from './route-policy.ts';
import { routeAdvertisement, tooWide, undefinedCommunities } from './route-wishes.ts';

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
export function peersOfNode({ peers }: BgpApi, { labels }: Pick<Node, 'labels'>): BgpPeer[] {
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
    .map(({ metadata, spec }) => routeAdvertisement(keyOf(metadata), spec, api.communities));
}

/** Communities that an advertisement names and nobody defines: it can't be announced as it is meant. */
export function unknownCommunities({ spec }: BgpAdvertisement, { communities }: BgpApi): string[] {
  return undefinedCommunities(spec, communities);
}

/**
 * What an aggregate would stand for beside the pool: addresses that are others'.
 * @returns in words; undefined where every prefix lies within the pool
 */
export function aggregateFault(
  { spec, metadata }: BgpAdvertisement,
  pool: RoutedPool,
): string | undefined {
  const fault = tooWide(spec, pool.ranges);
  if (fault === undefined) return undefined;
  const { field, widest } = fault;
  return `BGPAdvertisement/${keyOf(metadata)}: spec.${field} is ${spec[field]}: expected at least ${widest}, the length of the widest prefix of pool ${pool.name}, or the aggregate would stand for addresses that are not in it`;
}
