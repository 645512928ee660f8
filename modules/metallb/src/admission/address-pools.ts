import { mergeRanges } from '../ipam/pool.ts';
import { type IpAddress, ipToBigInt } from '../net/ip.ts';
import { formatRange, type IpRange, rangeContains, rangesOverlap } from '../net/range.ts';

export interface PoolChange {
  readonly wanted: readonly IpRange[];
  /** Before the change; empty for a new class. */
  readonly old: readonly IpRange[];
  /** The pool of another class. */
  readonly taken: readonly IpRange[];
}

/** The addresses of another pool that this change reaches for and that the old pool did not have, lowest first. */
export function newOverlaps({ wanted, old, taken }: PoolChange): string[] {
  const had = mergeRanges(old);
  const common = mergeRanges(wanted).flatMap((range) =>
    taken.filter((other) => rangesOverlap(range, other)).map((other) => intersection(range, other)),
  );
  return mergeRanges(common)
    .filter((range) => !had.some((before) => covers(before, range)))
    .map(formatRange);
}

function intersection(a: IpRange, b: IpRange): IpRange {
  const begins = a.first > b.first ? a : b;
  const ends = a.last < b.last ? a : b;
  return { family: a.family, first: begins.first, last: ends.last };
}

function covers(outer: IpRange, inner: IpRange): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
}

/** Those of the addresses that are in none of the ranges, each once and lowest first. */
export function outsideOf(ranges: readonly IpRange[], ips: readonly IpAddress[]): IpAddress[] {
  return [...new Set(ips)]
    .filter((ip) => !ranges.some((range) => rangeContains(range, ip)))
    .sort((a, b) => (ipToBigInt(a) < ipToBigInt(b) ? -1 : 1));
}
