import { createHash } from 'node:crypto';
import { itemOf, memberOf, type Place, problemAt } from '../api/fields.ts';
import { isRouted, type MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import { CLASS_KIND } from '../api/names.ts';
import type { Problem } from '../api/problem.ts';
import { familyOf, type IpAddress, ipFromBigInt } from '../net/ip.ts';
import { type AggregateFault, aggregateFault } from './aggregates.ts';
import type { RoutedApi } from './metallb-routes.ts';
import { prefixOf, type RouteAdvertisement } from './route-policy.ts';
import { routeAdvertisement, undefinedCommunities } from './route-wishes.ts';

/** What the routes of a class depend on. */
export type ClassRouteView = Pick<RoutedApi, 'communities' | 'hosts'>;

/**
 * What nodes announce of the IPs of a class; undefined where its type has no BGP, or where that would say less than is
 * meant, or of more than the pool.
 */
export function classAdvertisement(
  owner: MetalLoadBalancerClass,
  view: ClassRouteView,
): RouteAdvertisement | undefined {
  if (!isRouted(owner) || classRouteFaults(owner, view).length > 0) return undefined;
  return routeAdvertisement(owner.metadata.name, owner.spec.bgp, view.communities);
}

/** Why nothing is announced of the IPs of a class that is to be. */
export interface RouteFault {
  readonly reason: 'UnknownCommunity' | AggregateFault['reason'];
  readonly problem: Problem;
}

/** All that is wrong with the routes that a class asks for. */
export function classRouteFaults(
  { metadata, spec: { bgp, addressPool } }: MetalLoadBalancerClass,
  { communities, hosts }: ClassRouteView,
): RouteFault[] {
  const place: Place = { object: `${CLASS_KIND}/${metadata.name}`, field: 'spec.bgp' };
  const unknown = undefinedCommunities(bgp, communities).map((name): RouteFault => {
    const expected =
      'expected a community such as 64500:100, or a name that a Community object defines';
    const item = itemOf(memberOf(place, 'communities'), bgp.communities.indexOf(name));
    return { reason: 'UnknownCommunity', problem: problemAt(item, name, expected) };
  });
  const fault = aggregateFault(bgp, { ranges: addressPool, called: 'spec.addressPool' }, hosts);
  if (fault === undefined) return unknown;
  const { reason, field, expected } = fault;
  return [...unknown, { reason, problem: problemAt(memberOf(place, field), bgp[field], expected) }];
}

/**
 * The nodes that announce an IP, of those that could: every node computes the same, and one that comes or goes changes
 * as little as can be. IPs spread, by the order that ARP has for those without a preferred node; those that are announced
 * as one prefix don't, as each of their nodes would have the traffic of all.
 */
export function chosenNodes(
  bgp: MetalLoadBalancerClass['spec']['bgp'],
  ip: IpAddress,
  candidates: readonly string[],
): readonly string[] {
  const { maxNodes } = bgp;
  if (maxNodes === undefined || candidates.length <= maxNodes) return candidates;
  const first = firstAnnouncedWith(ip, bgp);
  const ranked = candidates.map((node) => ({
    node,
    rank: createHash('sha256').update(`${node}#${first}`).digest('hex'),
  }));
  return ranked
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, maxNodes)
    .map(({ node }) => node);
}

/** The first IP of the prefix that is announced for this one. */
function firstAnnouncedWith(
  ip: IpAddress,
  { aggregationLength, aggregationLengthV6 }: MetalLoadBalancerClass['spec']['bgp'],
): IpAddress {
  const family = familyOf(ip);
  const length = family === 'IPv4' ? aggregationLength : aggregationLengthV6;
  return ipFromBigInt(family, prefixOf(ip, length).network);
}
