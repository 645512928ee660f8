import type { IpFamily } from '../net/ip.ts';
import { type IpRange, rangeSize } from '../net/range.ts';

/** A named set of addresses to assign. */
export interface Pool {
  readonly name: string;
  /** In any order; where they overlap each other they count once. */
  readonly ranges: readonly IpRange[];
  /** False: only for owners that request the pool or one of its addresses. */
  readonly autoAssign: boolean;
  /** Leave out IPv4 addresses that end in .0 or .255, which some old firmware takes for broadcasts. */
  readonly avoidBuggyIps: boolean;
  /** An address that the pool does not cover any more is taken from its owner, who gets another one; else it stays. */
  readonly reassigns: boolean;
}

const BLOCK = 256n;

/** Whether the pool leaves this address out. */
export function isAvoided(
  pool: Pick<Pool, 'avoidBuggyIps'>,
  family: IpFamily,
  value: bigint,
): boolean {
  if (!pool.avoidBuggyIps || family === 'IPv6') return false;
  const lastOctet = value % BLOCK;
  return lastOctet === 0n || lastOctet === BLOCK - 1n;
}

/** How many addresses the pool can assign. */
export function poolSize(pool: Pick<Pool, 'ranges' | 'avoidBuggyIps'>): bigint {
  return mergeRanges(pool.ranges).reduce(
    (sum, range) => sum + rangeSize(range) - avoidedIn(pool, range),
    0n,
  );
}

function avoidedIn(pool: Pick<Pool, 'avoidBuggyIps'>, { family, first, last }: IpRange): bigint {
  if (!pool.avoidBuggyIps || family === 'IPv6') return 0n;
  const avoidedBelow = (value: bigint) => 2n * (value / BLOCK) + (value % BLOCK === 0n ? 0n : 1n);
  return avoidedBelow(last + 1n) - avoidedBelow(first);
}

/** The same addresses as disjoint ranges with gaps between them, IPv4 first, lowest first. */
export function mergeRanges(ranges: readonly IpRange[]): IpRange[] {
  const merged: IpRange[] = [];
  for (const range of [...ranges].sort(compareRanges)) {
    const previous = merged.at(-1);
    if (previous?.family !== range.family || range.first > previous.last + 1n) {
      merged.push(range);
    } else if (range.last > previous.last) {
      merged[merged.length - 1] = { ...previous, last: range.last };
    }
  }
  return merged;
}

function compareRanges(a: IpRange, b: IpRange): number {
  if (a.family !== b.family) return a.family === 'IPv4' ? -1 : 1;
  if (a.first === b.first) return 0;
  return a.first < b.first ? -1 : 1;
}

/** Whether two versions of a pool mean the same. */
export function samePool(a: Pool, b: Pool): boolean {
  return (
    a.name === b.name &&
    a.autoAssign === b.autoAssign &&
    a.avoidBuggyIps === b.avoidBuggyIps &&
    a.reassigns === b.reassigns &&
    a.ranges.length === b.ranges.length &&
    a.ranges.every((range, index) => sameRange(range, b.ranges[index]))
  );
}

function sameRange(a: IpRange, b: IpRange | undefined): boolean {
  return a.family === b?.family && a.first === b.first && a.last === b.last;
}
