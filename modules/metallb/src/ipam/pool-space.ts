import { familyOf, type IpAddress, type IpFamily, ipFromBigInt, ipToBigInt } from '../net/ip.ts';
import type { IpRange } from '../net/range.ts';
import { FreeSpace } from './free-space.ts';
import { isAvoided, mergeRanges, type Pool, poolSize } from './pool.ts';

/**
 * One pool's addresses: free, withheld (cooling down) or used. The allocator only tells it about addresses that are
 * the pool's.
 */
export class PoolSpace {
  readonly pool: Pool;
  /** Disjoint. */
  readonly ranges: readonly IpRange[];
  readonly #total: Readonly<Record<IpFamily, bigint>>;
  readonly #free: Readonly<Record<IpFamily, FreeSpace>>;
  readonly #used: Record<IpFamily, bigint> = { IPv4: 0n, IPv6: 0n };

  constructor(pool: Pool) {
    this.pool = pool;
    this.ranges = mergeRanges(pool.ranges);
    const rangesOf = (family: IpFamily) => this.ranges.filter((range) => range.family === family);
    const sizeOf = (family: IpFamily) => poolSize({ ...pool, ranges: rangesOf(family) });
    this.#total = { IPv4: sizeOf('IPv4'), IPv6: sizeOf('IPv6') };
    const freeOf = (family: IpFamily) => new FreeSpace(rangesOf(family));
    this.#free = { IPv4: freeOf('IPv4'), IPv6: freeOf('IPv6') };
    for (const { family, first } of this.ranges) this.#skipAvoided(family, first);
  }

  /** Addresses in use and in all. */
  usage(family: IpFamily): { readonly total: bigint; readonly used: bigint } {
    return { total: this.#total[family], used: this.#used[family] };
  }

  hasFamily(family: IpFamily): boolean {
    return this.ranges.some((range) => range.family === family);
  }

  lowestFree(family: IpFamily): IpAddress | undefined {
    const lowest = this.#free[family].lowest;
    return lowest === undefined ? undefined : ipFromBigInt(family, lowest);
  }

  /** Its first user came. */
  occupy(ip: IpAddress): void {
    this.withhold(ip);
    this.#used[familyOf(ip)] += 1n;
  }

  /** Its last user left; it stays withheld until `giveBack`. */
  vacate(ip: IpAddress): void {
    this.#used[familyOf(ip)] -= 1n;
  }

  withhold(ip: IpAddress): void {
    const family = familyOf(ip);
    const value = ipToBigInt(ip);
    if (this.#free[family].take(value)) this.#skipAvoided(family, value + 1n);
  }

  giveBack(ip: IpAddress): void {
    this.#free[familyOf(ip)].add(ipToBigInt(ip));
  }

  /** No interval may begin with an avoided address, so that the lowest free one never is: at most two in a row are. */
  #skipAvoided(family: IpFamily, from: bigint): void {
    let value = from;
    while (isAvoided(this.pool, family, value) && this.#free[family].take(value)) value += 1n;
  }
}
