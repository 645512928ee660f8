import { LRUCache } from 'lru-cache';
import type { MacAddress } from '../net/mac.ts';

/** A carrier lost this soon after a burst is the burst's doing, for all that we can know. */
const SUSPICIOUS_MS = 5_000;
/** Fewer announcements shut no port: Dynamic ARP Inspection allows 15 a second. */
const BURST_FRAMES = 15;

/** Which nodes have just announced a lot. */
export class BurstMemory {
  readonly #bursts = new LRUCache<MacAddress, { lastAt: number; frames: number }>({ max: 256 });

  saw(mac: MacAddress, now: number): void {
    const burst = this.#bursts.get(mac);
    const goesOn = burst !== undefined && now - burst.lastAt < SUSPICIOUS_MS;
    this.#bursts.set(mac, { lastAt: now, frames: goesOn ? burst.frames + 1 : 1 });
  }

  /** Whether the node was announcing many IPs just before it fell silent. */
  wasBursting(mac: MacAddress, silentSince: number): boolean {
    const burst = this.#bursts.get(mac);
    if (burst === undefined || burst.frames < BURST_FRAMES) return false;
    return silentSince - burst.lastAt < SUSPICIOUS_MS;
  }
}
