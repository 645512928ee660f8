import type { Route, RouteAttributes } from '../../modules/metallb/src/bgp/adj-rib-out.ts';
import {
  type AnnouncedIp,
  attributesOf,
  conflictOf,
  prefixOf,
  type RouteAdvertisement,
  type RoutePeer,
} from '../../modules/metallb/src/bgp/route-policy.ts';
import { familyOf } from '../../modules/metallb/src/net/ip.ts';
import { formatPrefix } from '../../modules/metallb/src/packet/bgp-prefix.ts';

export const SPINE: RoutePeer = { name: 'spine', asn: 64_500, isExternal: true, isLeaving: false };
export const REFLECTOR: RoutePeer = {
  name: 'reflector',
  asn: 64_500,
  isExternal: false,
  isLeaving: false,
};

/** One that says nothing special, but for the changes. */
export function advertisement(changes: Partial<RouteAdvertisement> = {}): RouteAdvertisement {
  return {
    name: 'metallb-system/all',
    aggregationLength: { IPv4: 32, IPv6: 128 },
    localPref: undefined,
    communities: [],
    peers: undefined,
    ...changes,
  };
}

/** Routes of one peer by prefix, from all IPs at once: slow, and plain enough to be right. */
export function routesTo(peer: RoutePeer, ips: Iterable<AnnouncedIp>): ReadonlyMap<string, Route> {
  const said = new Map<string, { route: Pick<Route, 'prefix'>; all: RouteAdvertisement[] }>();
  for (const announced of ips) {
    if (conflictOf(announced) !== undefined) continue;
    for (const advertisement of announced.advertisements) {
      if (advertisement.peers?.has(peer.name) === false) continue;
      const { ip } = announced;
      const prefix = prefixOf(ip, advertisement.aggregationLength[familyOf(ip)]);
      const key = formatPrefix(prefix);
      const one = said.get(key) ?? { route: { prefix }, all: [] };
      said.set(key, { ...one, all: [...one.all, advertisement] });
    }
  }
  return new Map(
    [...said].map(([key, { route, all }]) => [
      key,
      { ...route, attributes: attributesOf(peer, all) },
    ]),
  );
}

/** What a peer sees of a route, as text. */
export function shownRoute(prefix: string, attributes: RouteAttributes): string {
  return `${prefix} ${JSON.stringify(attributes)}`;
}
