import type { CommunityValue } from '../api/community.ts';
import type { RouteAdvertisement } from '../bgp/route-policy.ts';
import {
  readChoice,
  readInteger,
  readIp,
  readList,
  readMap,
  readNumber,
  readObject,
  readOptional,
  readText,
} from '../messages/parse-fields.ts';
import type { IpAddress } from '../net/ip.ts';

/** What a speaker announced by BGP last, and what of its node the sessions depend on. */
export interface RememberedRoutes {
  readonly labels: Readonly<Record<string, string>>;
  readonly internalIps: readonly IpAddress[];
  readonly routes: ReadonlyMap<IpAddress, readonly RouteAdvertisement[]>;
}

const MAX_IPS = 1_000_000;
const MAX_ITEMS = 10_000;

/** As JSON. */
export function formatRoutes({ labels, internalIps, routes }: RememberedRoutes): object {
  const all = [...routes].map(([ip, advertisements]) => ({
    ip,
    advertisements: advertisements.map((one) => ({ ...one, peers: one.peers && [...one.peers] })),
  }));
  return { labels, internalIps, routes: all };
}

/** @throws MalformedMessageError */
export function readRoutes(value: unknown, what: string): RememberedRoutes {
  const fields = readObject(value, what);
  const texts = { limit: MAX_ITEMS, read: readText };
  const ips = { limit: MAX_ITEMS, read: readIp };
  const routes = readList(fields['routes'], `${what}.routes`, { limit: MAX_IPS, read: readRoute });
  return {
    labels: readMap(fields['labels'], `${what}.labels`, texts),
    internalIps: readList(fields['internalIps'], `${what}.internalIps`, ips),
    routes: new Map(routes),
  };
}

function readRoute(value: unknown, what: string): [IpAddress, RouteAdvertisement[]] {
  const fields = readObject(value, what);
  const advertisements = { limit: MAX_ITEMS, read: readAdvertisement };
  return [
    readIp(fields['ip'], `${what}.ip`),
    readList(fields['advertisements'], `${what}.advertisements`, advertisements),
  ];
}

function readAdvertisement(value: unknown, what: string): RouteAdvertisement {
  const fields = readObject(value, what);
  const lengths = readObject(fields['aggregationLength'], `${what}.aggregationLength`);
  const peers = readOptional(fields['peers'], `${what}.peers`, (each, where) =>
    readList(each, where, { limit: MAX_ITEMS, read: readText }),
  );
  return {
    name: readText(fields['name'], `${what}.name`),
    aggregationLength: {
      IPv4: readInteger(lengths['IPv4'], `${what}.aggregationLength.IPv4`),
      IPv6: readInteger(lengths['IPv6'], `${what}.aggregationLength.IPv6`),
    },
    localPref: readOptional(fields['localPref'], `${what}.localPref`, readInteger),
    communities: readList(fields['communities'], `${what}.communities`, {
      limit: MAX_ITEMS,
      read: readCommunity,
    }),
    peers: peers && new Set(peers),
    asPathPrepend: readOptional(fields['asPathPrepend'], `${what}.asPathPrepend`, readInteger),
    med: readOptional(fields['med'], `${what}.med`, readInteger),
    linkBandwidth: readOptional(fields['linkBandwidth'], `${what}.linkBandwidth`, readNumber),
  };
}

function readCommunity(value: unknown, what: string): CommunityValue {
  const fields = readObject(value, what);
  const where = `${what}.value`;
  if (readChoice(fields['kind'], `${what}.kind`, ['standard', 'large']) === 'standard') {
    return { kind: 'standard', value: readInteger(fields['value'], where) };
  }
  const [first = 0, second = 0, third = 0] = readList(fields['value'], where, {
    ...{ limit: 3, read: readInteger },
  });
  return { kind: 'large', value: [first, second, third] };
}
