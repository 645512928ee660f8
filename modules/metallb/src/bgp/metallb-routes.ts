import type { BgpAdvertisement } from '../api/bgp-advertisement.ts';
import type { BgpPeer } from '../api/bgp-peer.ts';
import type { Community } from '../api/community.ts';
import { anySelects } from '../api/label-selector.ts';
import type { Node } from '../api/node.ts';
import { keyOf } from '../api/object.ts';
import { type AdvertisedPool, advertises } from '../metallb/advertised-pools.ts';
import type { IpRange } from '../net/range.ts';
import { type AggregateFault, aggregateFault } from './aggregates.ts';
import type { Hosts } from './hosts.ts';
import type { RouteAdvertisement } from './route-policy.ts';
import { routeAdvertisement, undefinedCommunities } from './route-wishes.ts';

/** What MetalLB's API says of BGP, as far as it counts. */
export interface BgpApi {
  readonly peers: readonly BgpPeer[];
  readonly advertisements: readonly BgpAdvertisement[];
  readonly communities: readonly Community[];
}

/** The same with the addresses that no aggregate may cover. */
export interface RoutedApi extends BgpApi {
  readonly hosts: Hosts;
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
  api: RoutedApi,
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
        faultOfAggregates(advertisement, pool, api.hosts) === undefined,
    )
    .map(({ metadata, spec }) => routeAdvertisement(keyOf(metadata), spec, api.communities));
}

/** Communities that an advertisement names and nobody defines: it can't be announced as it is meant. */
export function unknownCommunities({ spec }: BgpAdvertisement, { communities }: BgpApi): string[] {
  return undefinedCommunities(spec, communities);
}

/** Why nothing of the pool is announced by an advertisement, which its aggregates would make something else. */
export function faultOfAggregates(
  { spec, metadata }: BgpAdvertisement,
  { ranges, name }: RoutedPool,
  hosts: Hosts,
): { readonly reason: AggregateFault['reason']; readonly words: string } | undefined {
  const fault = aggregateFault(spec, { ranges, called: `pool ${name}` }, hosts);
  if (fault === undefined) return undefined;
  const { reason, field, expected } = fault;
  const words = `BGPAdvertisement/${keyOf(metadata)}: spec.${field} is ${spec[field]}: ${expected}`;
  return { reason, words };
}
