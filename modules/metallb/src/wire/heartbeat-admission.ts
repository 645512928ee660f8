import { LRUCache } from 'lru-cache';
import type { MacAddress } from '../net/mac.ts';
import { TokenBucket } from '../time/token-bucket.ts';

/** A peer sends ten heartbeats a second, a hundred while it has much to dispute, and each once for every key it has. */
const OF_ONE_SOURCE = { ratePerSecond: 400, burst: 200 };
/** Who is no peer yet: 300 a second of a whole segment that starts, and newcomers among them. */
const OF_ALL_STRANGERS = { ratePerSecond: 1_000, burst: 400 };
const MAX_SOURCES = 1_024;

/** Which heartbeats are worth a hash (network rule 16): whatever is sent, checking it costs a bounded share of time. */
export class HeartbeatAdmission {
  readonly #sources = new LRUCache<MacAddress, TokenBucket>({
    ...{ maxSize: MAX_SOURCES, sizeCalculation: () => 1 },
  });
  readonly #strangers: TokenBucket;
  readonly #isPeer: (mac: MacAddress) => boolean;

  constructor(isPeer: (mac: MacAddress) => boolean, now: number) {
    this.#isPeer = isPeer;
    this.#strangers = new TokenBucket({ ...OF_ALL_STRANGERS, now });
  }

  admits(source: MacAddress, now: number): boolean {
    return this.#bucketOf(source, now).tryTake(now) && this.#hasRoomFor(source, now);
  }

  /** Invented addresses each have a bucket of their own, and together this one. */
  #hasRoomFor(source: MacAddress, now: number): boolean {
    return this.#isPeer(source) || this.#strangers.tryTake(now);
  }

  #bucketOf(source: MacAddress, now: number): TokenBucket {
    const known = this.#sources.get(source);
    if (known !== undefined) return known;
    const bucket = new TokenBucket({ ...OF_ONE_SOURCE, now });
    this.#sources.set(source, bucket);
    return bucket;
  }
}
