import type { IpAddress } from '../net/ip.ts';

/** Addresses released lately: caches and DNS may still lead to their last owner. `now` never goes back. */
export class CoolDown {
  readonly #durationMs: number;
  /** The longest released first: a Map keeps the order of insertion. */
  readonly #releasedAt = new Map<IpAddress, number>();

  constructor(durationMs: number) {
    this.#durationMs = durationMs;
  }

  get addresses(): Iterable<IpAddress> {
    return this.#releasedAt.keys();
  }

  /** @param ip none that cools down already */
  start(ip: IpAddress, now: number): void {
    this.#releasedAt.set(ip, now);
  }

  /** Somebody took it after all. */
  end(ip: IpAddress): void {
    this.#releasedAt.delete(ip);
  }

  /** Removes and returns those whose time is over. */
  takeExpired(now: number): IpAddress[] {
    const expired: IpAddress[] = [];
    for (const [ip, releasedAt] of this.#releasedAt) {
      if (now - releasedAt < this.#durationMs) break;
      this.#releasedAt.delete(ip);
      expired.push(ip);
    }
    return expired;
  }

  /** The longest released that matches. */
  oldest(matches: (ip: IpAddress) => boolean): IpAddress | undefined {
    for (const ip of this.#releasedAt.keys()) {
      if (matches(ip)) return ip;
    }
    return undefined;
  }
}
