import { type Interval, IntervalList } from './interval-list.ts';

/**
 * A set of numbers as intervals: its cost depends on how broken up the set is, never on how large.
 * Invariant: between any two intervals a number is missing.
 */
export class FreeSpace {
  readonly #intervals = new IntervalList();

  /** @param intervals with gaps between them */
  constructor(intervals: readonly Interval[]) {
    for (const { first, last } of intervals) this.#intervals.insert({ first, last });
  }

  get lowest(): bigint | undefined {
    return this.#intervals.lowest?.first;
  }

  /** @returns whether it was there */
  take(value: bigint): boolean {
    const interval = this.#intervals.atOrBelow(value);
    if (interval === undefined || value > interval.last) return false;
    const { first, last } = interval;
    const rest: Interval[] = [];
    if (first < value) rest.push({ first, last: value - 1n });
    if (value < last) rest.push({ first: value + 1n, last });
    this.#intervals.replace(interval, rest);
    return true;
  }

  /** Puts a number in; harmless when it is there. */
  add(value: bigint): void {
    const atOrBelow = this.#intervals.atOrBelow(value);
    if (atOrBelow !== undefined && value <= atOrBelow.last) return;
    const below = atOrBelow?.last === value - 1n ? atOrBelow : undefined;
    const next = this.#intervals.atOrBelow(value + 1n);
    const above = next?.first === value + 1n ? next : undefined;
    if (below !== undefined) this.#intervals.remove(below);
    if (above !== undefined) this.#intervals.remove(above);
    this.#intervals.insert({ first: below?.first ?? value, last: above?.last ?? value });
  }
}
