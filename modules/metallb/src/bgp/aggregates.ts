import type { RouteWishes } from '../api/bgp-fields.ts';
import {
  bitsOf,
  familyOf,
  type IpAddress,
  type IpFamily,
  ipFromBigInt,
  ipToBigInt,
} from '../net/ip.ts';
import { cidrsOf, type IpRange } from '../net/range.ts';
import type { Hosts } from './hosts.ts';
import { prefixOf } from './route-policy.ts';

const LENGTH_FIELDS = { IPv4: 'aggregationLength', IPv6: 'aggregationLengthV6' } as const;
const FAMILIES = ['IPv4', 'IPv6'] as const;

type Lengths = Pick<RouteWishes, 'aggregationLength' | 'aggregationLengthV6'>;

/** What aggregates are made of. */
export interface Aggregated {
  readonly ranges: readonly IpRange[];
  /** In sentences, such as `pool public`. */
  readonly called: string;
}

/** What a prefix of this length would stand for beside what is announced. */
export interface AggregateFault {
  readonly reason: 'AggregateTooWide' | 'AggregateCoversHost';
  readonly field: (typeof LENGTH_FIELDS)[IpFamily];
  /** What would be right, and why. */
  readonly expected: string;
}

/** Whether any prefix stands for more than one address. */
export function aggregates(lengths: Lengths): boolean {
  return FAMILIES.some((family) => lengths[LENGTH_FIELDS[family]] < bitsOf(family));
}

/**
 * Why nothing is announced in prefixes of these lengths: they would stand for addresses that are others', or lead away
 * from a node or a router, and with it from all that is announced.
 */
export function aggregateFault(
  lengths: Lengths,
  { ranges, called }: Aggregated,
  hosts: Hosts,
): AggregateFault | undefined {
  for (const family of FAMILIES) {
    const field = LENGTH_FIELDS[family];
    const length = lengths[field];
    if (length === bitsOf(family)) continue;
    const own = ranges.filter((range) => range.family === family);
    const widest = Math.max(0, ...own.map(widestPrefix));
    if (length < widest) {
      const expected = `expected at least ${widest}, the length of the widest prefix of ${called}, or the aggregate would stand for addresses that are not in it`;
      return { reason: 'AggregateTooWide', field, expected };
    }
    const covered = coveredHost(own, length, hosts);
    if (covered === undefined) continue;
    const { ip, words } = covered;
    const expected = `expected at least ${narrowest(ip, own)}, as the aggregate ${shownPrefix(ip, length)} of ${called} covers ${ip}, ${words}, which routers would no longer find`;
    return { reason: 'AggregateCoversHost', field, expected };
  }
  return undefined;
}

/**
 * Network rule 32: an aggregate stands for addresses that other nodes alone serve, where each serves its own endpoints
 * only.
 */
export function isFitting(
  prefixLength: Readonly<Record<IpFamily, number>>,
  ip: IpAddress,
  policy: 'Cluster' | 'Local',
): boolean {
  const family = familyOf(ip);
  return policy === 'Cluster' || prefixLength[family] === bitsOf(family);
}

/** By family. */
export function lengthsOf(lengths: Lengths): Readonly<Record<IpFamily, number>> {
  return { IPv4: lengths.aggregationLength, IPv6: lengths.aggregationLengthV6 };
}

/**
 * Why an IP is not announced by what doesn't fit.
 * @param where the lengths are
 */
export function leftOutInWords(where: string, lengths: Lengths, ip: IpAddress): string {
  const family = familyOf(ip);
  const field = LENGTH_FIELDS[family];
  return `${where}.${field} is ${lengths[field]}: expected ${bitsOf(family)} under externalTrafficPolicy Local, where only nodes with an endpoint announce and an aggregate stands for the IPs of all; ${ip} is not announced by it`;
}

/** A range is announced as a whole by the widest prefix that fits into it. */
function widestPrefix(range: IpRange): number {
  return Math.min(...cidrsOf(range).map(({ prefixLength }) => prefixLength));
}

/** Aggregates of neighbouring addresses are neighbours: those of a range have no gap. */
function coveredHost(ranges: readonly IpRange[], length: number, hosts: Hosts) {
  for (const range of ranges) {
    const found = hosts.within(widened(range, length));
    if (found !== undefined) return found;
  }
  return undefined;
}

function widened({ family, first, last }: IpRange, length: number): IpRange {
  const size = 1n << BigInt(bitsOf(family) - length);
  return { family, first: first - (first % size), last: last - (last % size) + size - 1n };
}

/** The first length at which no aggregate of these addresses covers this one; whole addresses are no aggregates. */
function narrowest(ip: IpAddress, ranges: readonly IpRange[]): number {
  const bits = bitsOf(familyOf(ip));
  const value = ipToBigInt(ip);
  const covers = (length: number) =>
    ranges
      .map((range) => widened(range, length))
      .some(({ first, last }) => first <= value && value <= last);
  let length = 0;
  while (length < bits && covers(length)) length += 1;
  return length;
}

function shownPrefix(ip: IpAddress, length: number): string {
  const { family, network } = prefixOf(ip, length);
  return `${ipFromBigInt(family, network)}/${length}`;
}
