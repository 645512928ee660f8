import { LRUCache } from 'lru-cache';
import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import { TokenBucket } from '../time/token-bucket.ts';

/** A carrier lost this soon after a burst is the burst's doing, for all that we can know. */
const SUSPICIOUS_MS = 5_000;
/** Fewer announcements in a second shut no port: Dynamic ARP Inspection allows 15. */
const HARMLESS_PER_SECOND = 15;
/** Whoever has told of an IP for a while tells again once a minute, of thousands of IPs at any time. */
const REFRESHED_AFTER_MS = 30_000;
/** All forms of an announcement are sent within this time. */
const REFRESH_LASTS_MS = 1_000;
const MAX_IPS = 20_000;

interface Told {
  readonly mac: MacAddress;
  readonly at: number;
  readonly refreshedAt: number;
}

interface Announcing {
  readonly harmless: TokenBucket;
  burstAt: number;
}

/** Which nodes have just announced more at once than a switch may stand, beside what it stands all the time. */
export class BurstMemory {
  readonly #nodes = new LRUCache<MacAddress, Announcing>({ max: 256 });

  /** Sized, as what is not takes the room of its most at once, for each of a hundred interfaces. */
  readonly #ips = new LRUCache<IpAddress, Told>({ maxSize: MAX_IPS, sizeCalculation: () => 1 });

  saw(mac: MacAddress, ip: IpAddress, now: number): void {
    if (this.#isRefresh(mac, ip, now)) return;
    const node = this.#nodes.get(mac) ?? this.#meet(mac, now);
    if (!node.harmless.tryTake(now)) node.burstAt = now;
  }

  #isRefresh(mac: MacAddress, ip: IpAddress, now: number): boolean {
    const told = this.#ips.get(ip);
    const before = told?.mac === mac ? told : undefined;
    const wasQuiet = before !== undefined && now - before.at >= REFRESHED_AFTER_MS;
    const refreshedAt = wasQuiet ? now : (before?.refreshedAt ?? Number.NEGATIVE_INFINITY);
    this.#ips.set(ip, { mac, at: now, refreshedAt });
    return now - refreshedAt < REFRESH_LASTS_MS;
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
