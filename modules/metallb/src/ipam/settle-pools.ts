import type { Problem } from '../api/problem.ts';
import { formatRange, rangesOverlap } from '../net/range.ts';
import { type Pool, samePool } from './pool.ts';

interface Settlement {
  /** In the order offered. */
  readonly inForce: readonly Pool[];
  readonly problems: readonly Problem[];
}

/**
 * Which of the offered pools are in force next. Nothing overlaps what is in force: a new pool that would is refused, a
 * changed one stays as it was. Ranges may pass from one pool to another in one step; a pool that is no longer offered
 * is gone at once.
 * @param offered the oldest first: of two new pools that overlap, the first wins
 */
export function settlePools(inForce: readonly Pool[], offered: readonly Pool[]): Settlement {
  const names = new Set(offered.map(({ name }) => name));
  const current = new Map(
    inForce.filter(({ name }) => names.has(name)).map((pool) => [pool.name, pool]),
  );
  let waiting = offered.filter((pool) => !isCurrent(current, pool));
  for (let before = -1; before !== waiting.length; ) {
    before = waiting.length;
    // What one pool gives up, the next may take: repeat until nobody gets further.
    for (const pool of waiting) {
      if (overlapsOf(pool, current).length === 0) current.set(pool.name, pool);
    }
    waiting = waiting.filter((pool) => !isCurrent(current, pool));
  }
  return {
    inForce: offered.flatMap(({ name }) => current.get(name) ?? []),
    problems: waiting.flatMap((pool) => overlapsOf(pool, current)),
  };
}

function isCurrent(current: ReadonlyMap<string, Pool>, pool: Pool): boolean {
  const version = current.get(pool.name);
  return version !== undefined && samePool(version, pool);
}

function overlapsOf(pool: Pool, current: ReadonlyMap<string, Pool>): Problem[] {
  const problems: Problem[] = [];
  for (const other of current.values()) {
    if (other.name !== pool.name) problems.push(...overlapsBetween(pool, other));
  }
  return problems;
}

function overlapsBetween(pool: Pool, other: Pool): Problem[] {
  return pool.ranges.flatMap((range, index) =>
    other.ranges
      .filter((taken) => rangesOverlap(range, taken))
      .map((taken) => ({
        object: pool.name,
        field: `ranges[${index}]`,
        value: formatRange(range),
        expected: `expected no overlap with ${formatRange(taken)} of pool ${other.name}, which is in force`,
      })),
  );
}
