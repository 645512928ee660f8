import { LRUCache } from 'lru-cache';
import type { MacAddress } from '../net/mac.ts';
import { TokenBucket } from '../time/token-bucket.ts';

/** A carrier lost this soon after a burst is the burst's doing, for all that we can know. */
const SUSPICIOUS_MS = 5_000;
/** Fewer announcements in a second shut no port: Dynamic ARP Inspection allows 15. */
const HARMLESS_PER_SECOND = 15;

interface Announcing {
  readonly harmless: TokenBucket;
  burstAt: number;
}

/** Which nodes have just announced more at once than a switch may stand. */
export class BurstMemory {
  readonly #nodes = new LRUCache<MacAddress, Announcing>({ max: 256 });

  saw(mac: MacAddress, now: number): void {
    const node = this.#nodes.get(mac) ?? this.#meet(mac, now);
    if (!node.harmless.tryTake(now)) node.burstAt = now;
  }

  #meet(mac: MacAddress, now: number): Announcing {
    const rate = { ratePerSecond: HARMLESS_PER_SECOND, burst: HARMLESS_PER_SECOND };
    const harmless = new TokenBucket({ ...rate, now });
    const node = { harmless, burstAt: Number.NEGATIVE_INFINITY };
    this.#nodes.set(mac, node);
    return node;
  }

  /** Whether the node was announcing many IPs just before it fell silent. */
  wasBursting(mac: MacAddress, silentSince: number): boolean {
    const burst = this.#nodes.get(mac);
    return burst !== undefined && silentSince - burst.burstAt < SUSPICIOUS_MS;
  }
}
