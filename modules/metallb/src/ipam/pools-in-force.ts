import { familyOf, type IpAddress, type IpFamily, ipToBigInt } from '../net/ip.ts';
import type { IpRange } from '../net/range.ts';
import { isAvoided, type Pool } from './pool.ts';
import { PoolSpace } from './pool-space.ts';

interface OwnedRange extends IpRange {
  readonly space: PoolSpace;
}

/** Pools that don't overlap, so that an address has at most one. */
export class PoolsInForce {
  readonly #spaces: ReadonlyMap<string, PoolSpace>;
  /** By the first address. */
  readonly #ranges: Readonly<Record<IpFamily, readonly OwnedRange[]>>;

  /** @param pools none overlaps another */
  constructor(pools: readonly Pool[]) {
    const spaces = pools.map((pool) => new PoolSpace(pool));
    this.#spaces = new Map(spaces.map((space) => [space.pool.name, space]));
    const owned = spaces
      .flatMap((space) => space.ranges.map((range): OwnedRange => ({ ...range, space })))
      .sort((a, b) => Number(a.first > b.first) - Number(a.first < b.first));
    this.#ranges = {
      IPv4: owned.filter(({ family }) => family === 'IPv4'),
      IPv6: owned.filter(({ family }) => family === 'IPv6'),
    };
  }

  get pools(): readonly Pool[] {
    return [...this.#spaces.values()].map(({ pool }) => pool);
  }

  get(name: string): PoolSpace | undefined {
    return this.#spaces.get(name);
  }

  /** The pool that can assign this address. */
  find(ip: IpAddress): PoolSpace | undefined {
    const family = familyOf(ip);
    const value = ipToBigInt(ip);
    const ranges = this.#ranges[family];
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const range = ranges[middle];
      if (range !== undefined && range.last < value) low = middle + 1;
      else high = middle;
    }
    const range = ranges[low];
    if (range === undefined || value < range.first) return undefined;
    return isAvoided(range.space.pool, family, value) ? undefined : range.space;
  }
}
