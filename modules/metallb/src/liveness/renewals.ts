import { TokenBucket } from '../time/token-bucket.ts';

/** However many ghosts are heard: a network that is cut again and again heals each time. */
const RATE = { ratePerSecond: 1 / 5, burst: 3 };
/** What a ghost needs to take notice of a new incarnation. */
const PAUSE_MS = 1_000;

/** How often a node may take a new incarnation because others go on with one that it has buried. */
export class Renewals {
  readonly #bucket: TokenBucket;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(now: number) {
    this.#bucket = new TokenBucket({ ...RATE, now });
  }

  tryTake(now: number): boolean {
    if (now < this.#lastAt + PAUSE_MS || !this.#bucket.tryTake(now)) return false;
    this.#lastAt = now;
    return true;
  }
}
