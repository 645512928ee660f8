import type { CommunityValue } from '../api/community.ts';
import { bitsOf, familyOf, type IpAddress, ipToBigInt } from '../net/ip.ts';
import type { Cidr } from '../net/range.ts';
import type { LargeCommunity } from '../packet/bgp-path.ts';
import { formatPrefix } from '../packet/bgp-prefix.ts';
import type { Route, RouteAttributes } from './adj-rib-out.ts';

/** What is announced of an IP, and to whom; one of those that a Service's pool has. */
export interface RouteAdvertisement {
  /** In sentences, such as `metallb-system/spine`. */
  readonly name: string;
  readonly aggregationLength: Readonly<Record<'IPv4' | 'IPv6', number>>;
  readonly localPref: number | undefined;
  readonly communities: readonly CommunityValue[];
  /** Undefined: to all. */
  readonly peers: ReadonlySet<string> | undefined;
}

/** An IP that this node is to announce by BGP. */
export interface AnnouncedIp {
  readonly ip: IpAddress;
  readonly advertisements: readonly RouteAdvertisement[];
}

/** A peer, as far as routes depend on it. */
export interface RoutePeer {
  readonly name: string;
  /** What it is shown as the nearest AS; undefined to one of the own AS. */
  readonly externalAsn: number | undefined;
  /** This node is about to withdraw: others are to be preferred before it does (RFC 8326). */
  readonly isLeaving: boolean;
}

/** RFC 4271 §5.1.5: within an AS a route has one. */
const DEFAULT_LOCAL_PREF = 100;
/** RFC 8326 §4.2 and 5. */
const GRACEFUL_SHUTDOWN = 0xffff_0000;
const LEAVING_LOCAL_PREF = 0;

/** One prefix as it comes together. */
interface Sum {
  readonly prefix: Cidr;
  localPref: number | undefined;
  readonly standard: Set<number>;
  readonly large: Map<string, LargeCommunity>;
}

/**
 * Whether two advertisements that both apply say of one prefix what can't both be so (MetalLB's rule): equal lengths,
 * a peer in common, and another local preference.
 * @returns the first two that do, and why, in words
 */
export function conflictOf({ ip, advertisements }: AnnouncedIp): string | undefined {
  const family = familyOf(ip);
  for (const [index, one] of advertisements.entries()) {
    for (const other of advertisements.slice(index + 1)) {
      if (one.localPref === other.localPref) continue;
      if (one.aggregationLength[family] !== other.aggregationLength[family]) continue;
      if (!sharePeer(one, other)) continue;
      return `BGPAdvertisements ${one.name} and ${other.name} have another localPref (${shown(one)}, ${shown(other)}) for the same prefix and peer: ${ip} is not announced until they agree`;
    }
  }
  return undefined;
}

/**
 * Routes of one peer by prefix. Communities of all advertisements of a prefix are joined; what several IPs have in one
 * aggregate is one route. Equal attributes are one object.
 */
export function routesTo(peer: RoutePeer, ips: Iterable<AnnouncedIp>): ReadonlyMap<string, Route> {
  const sums = new Map<string, Sum>();
  for (const announced of ips) {
    if (conflictOf(announced) !== undefined) continue;
    for (const advertisement of announced.advertisements) {
      if (advertisement.peers?.has(peer.name) === false) continue;
      add(sums, announced.ip, advertisement);
    }
  }
  const known = new Map<string, RouteAttributes>();
  return new Map(
    [...sums].map(([key, sum]) => [
      key,
      { prefix: sum.prefix, attributes: interned(known, attributesOf(sum, peer)) },
    ]),
  );
}

/** The prefix of this length that holds the IP. */
export function prefixOf(ip: IpAddress, prefixLength: number): Cidr {
  const family = familyOf(ip);
  const hostBits = BigInt(bitsOf(family) - prefixLength);
  return { family, network: (ipToBigInt(ip) >> hostBits) << hostBits, prefixLength };
}

function add(sums: Map<string, Sum>, ip: IpAddress, advertisement: RouteAdvertisement): void {
  const prefix = prefixOf(ip, advertisement.aggregationLength[familyOf(ip)]);
  const key = formatPrefix(prefix);
  const sum = sums.get(key) ?? {
    ...{ prefix, localPref: undefined },
    ...{ standard: new Set<number>(), large: new Map<string, LargeCommunity>() },
  };
  sums.set(key, sum);
  // Of several IPs in one aggregate the highest counts: an order of IPs must not decide.
  sum.localPref = highest(sum.localPref, advertisement.localPref);
  for (const { kind, value } of advertisement.communities) {
    if (kind === 'standard') sum.standard.add(value);
    else sum.large.set(value.join(':'), value);
  }
}

function attributesOf(sum: Sum, { externalAsn, isLeaving }: RoutePeer): RouteAttributes {
  const isInternal = externalAsn === undefined;
  const localPref = isLeaving ? LEAVING_LOCAL_PREF : (sum.localPref ?? DEFAULT_LOCAL_PREF);
  const standard = isLeaving ? [...sum.standard, GRACEFUL_SHUTDOWN] : [...sum.standard];
  return {
    asPath: isInternal ? [] : [externalAsn],
    localPref: isInternal ? localPref : undefined,
    med: undefined,
    communities: standard.sort((a, b) => a - b),
    largeCommunities: [...sum.large.values()].sort(compareLarge),
    extendedCommunities: [],
  };
}

function interned(
  known: Map<string, RouteAttributes>,
  attributes: RouteAttributes,
): RouteAttributes {
  const text = JSON.stringify(attributes);
  const existing = known.get(text);
  if (existing !== undefined) return existing;
  known.set(text, attributes);
  return attributes;
}

function sharePeer(one: RouteAdvertisement, other: RouteAdvertisement): boolean {
  const { peers } = one;
  if (peers === undefined || other.peers === undefined) return true;
  return [...other.peers].some((name) => peers.has(name));
}

function shown({ localPref }: RouteAdvertisement): string {
  return localPref === undefined ? 'none' : String(localPref);
}

function highest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

function compareLarge(a: LargeCommunity, b: LargeCommunity): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
