import type { CommunityValue } from '../api/community.ts';
import { bitsOf, familyOf, type IpAddress, type IpFamily, ipToBigInt } from '../net/ip.ts';
import type { Cidr } from '../net/range.ts';
import { type LargeCommunity, linkBandwidth } from '../packet/bgp-path.ts';
import type { RouteAttributes } from './adj-rib-out.ts';

/** What is announced of an IP, and to whom; one of those that a Service's pool has. */
export interface RouteAdvertisement {
  /** In sentences, such as `metallb-system/spine`. */
  readonly name: string;
  readonly aggregationLength: Readonly<Record<'IPv4' | 'IPv6', number>>;
  readonly localPref: number | undefined;
  readonly communities: readonly CommunityValue[];
  /** Undefined: to all. */
  readonly peers: ReadonlySet<string> | undefined;
  readonly asPathPrepend?: number | undefined;
  readonly med?: number | undefined;
  /** Bits per second; of one endpoint, until it is known how many a node has. */
  readonly linkBandwidth?: number | undefined;
}

/** An IP that this node is to announce by BGP. */
export interface AnnouncedIp {
  readonly ip: IpAddress;
  readonly advertisements: readonly RouteAdvertisement[];
}

type ConflictingPair = readonly [RouteAdvertisement, RouteAdvertisement];

/** A peer, as far as routes depend on it. */
export interface RoutePeer {
  readonly name: string;
  /** The own AS, as it is shown to this peer. */
  readonly asn: number;
  /** It is of another AS. */
  readonly isExternal: boolean;
  /** This node is about to withdraw: others are to be preferred before it does (RFC 8326). */
  readonly isLeaving: boolean;
}

/** RFC 4271 §5.1.5: within an AS a route has one. */
const DEFAULT_LOCAL_PREF = 100;
/** RFC 8326 §4.2 and 5. */
const GRACEFUL_SHUTDOWN = 0xffff_0000;
const LEAVING_LOCAL_PREF = 0;
const BITS_PER_OCTET = 8;

/**
 * Whether two advertisements that both apply say of one prefix what can't both be so (MetalLB's rule): equal lengths,
 * a peer in common, and another local preference.
 * @returns the first two that do, and why, in words
 */
export function conflictOf({ ip, advertisements }: AnnouncedIp): string | undefined {
  const pair = conflictingPair(advertisements, familyOf(ip));
  return pair && `${conflictInWords(pair)}: ${ip} is not announced until they agree`;
}

/** Two of them that conflict in the routes of a family. */
export function conflictingPair(
  advertisements: readonly RouteAdvertisement[],
  family: IpFamily,
): ConflictingPair | undefined {
  for (const [index, one] of advertisements.entries()) {
    for (const other of advertisements.slice(index + 1)) {
      if (one.localPref === other.localPref) continue;
      if (one.aggregationLength[family] !== other.aggregationLength[family]) continue;
      if (sharePeer(one, other)) return [one, other];
    }
  }
  return undefined;
}

export function conflictInWords([one, other]: ConflictingPair): string {
  return `BGPAdvertisements ${one.name} and ${other.name} have another localPref (${shown(one)}, ${shown(other)}) for the same prefix and peer`;
}

/**
 * What a peer is told of a prefix of which all these are said: communities are joined, and of what can't be, that counts
 * which a router prefers, as an order of the IPs in an aggregate must not decide.
 */
export function attributesOf(
  { asn, isExternal, isLeaving }: RoutePeer,
  advertisements: readonly RouteAdvertisement[],
): RouteAttributes {
  const bandwidth = highest(advertisements.flatMap((one) => one.linkBandwidth ?? []));
  const standard = new Set<number>(isLeaving ? [GRACEFUL_SHUTDOWN] : []);
  const large = new Map<string, LargeCommunity>();
  for (const { kind, value } of advertisements.flatMap(({ communities }) => communities)) {
    if (kind === 'standard') standard.add(value);
    else large.set(value.join(':'), value);
  }
  return {
    asPath: isExternal ? prepended(asn, advertisements) : [],
    localPref: isExternal ? undefined : localPrefOf(advertisements, isLeaving),
    med: lowest(advertisements.flatMap((one) => one.med ?? [])),
    communities: [...standard].sort((a, b) => a - b),
    largeCommunities: [...large.values()].sort(compareLarge),
    extendedCommunities:
      bandwidth === undefined ? [] : [linkBandwidth(asn, bandwidth / BITS_PER_OCTET)],
  };
}

/** The prefix of this length that holds the IP. */
export function prefixOf(ip: IpAddress, prefixLength: number): Cidr {
  const family = familyOf(ip);
  const hostBits = BigInt(bitsOf(family) - prefixLength);
  return { family, network: (ipToBigInt(ip) >> hostBits) << hostBits, prefixLength };
}

function localPrefOf(advertisements: readonly RouteAdvertisement[], isLeaving: boolean): number {
  if (isLeaving) return LEAVING_LOCAL_PREF;
  return highest(advertisements.flatMap(({ localPref }) => localPref ?? [])) ?? DEFAULT_LOCAL_PREF;
}

function prepended(asn: number, advertisements: readonly RouteAdvertisement[]): number[] {
  const times = lowest(advertisements.flatMap((one) => one.asPathPrepend ?? [])) ?? 0;
  return Array.from({ length: 1 + times }, () => asn);
}

function highest(said: readonly number[]): number | undefined {
  return said.length === 0 ? undefined : Math.max(...said);
}

function lowest(said: readonly number[]): number | undefined {
  return said.length === 0 ? undefined : Math.min(...said);
}

function sharePeer(one: RouteAdvertisement, other: RouteAdvertisement): boolean {
  const { peers } = one;
  if (peers === undefined || other.peers === undefined) return true;
  return [...other.peers].some((name) => peers.has(name));
}

function shown({ localPref }: RouteAdvertisement): string {
  return localPref === undefined ? 'none' : String(localPref);
}

function compareLarge(a: LargeCommunity, b: LargeCommunity): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
