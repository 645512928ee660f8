import { TokenBucket } from '../time/token-bucket.ts';

export interface PacingOptions {
  readonly firstRoundPerSecond?: number;
  readonly backgroundPerSecond?: number;
}

/** First rounds of takeovers must not wait behind anything else, so they are counted apart. */
export type Traffic = 'first-round' | 'background';

const DEFAULT_FIRST_ROUND_PER_SECOND = 1_000;
const DEFAULT_BACKGROUND_PER_SECOND = 500;
/** Timers are late by milliseconds: what may be sent at once makes up for that, and is no storm to a switch. */
const BURST_MS = 20;

/** How fast one interface sends what nobody asked for: switches shut ports for too much of it (network rule 19). */
export class Pacing {
  readonly #buckets: Readonly<Record<Traffic, TokenBucket>>;
  #slow: { readonly bucket: TokenBucket; readonly until: number } | undefined;

  constructor(options: PacingOptions, now: number) {
    const first = options.firstRoundPerSecond ?? DEFAULT_FIRST_ROUND_PER_SECOND;
    const background = options.backgroundPerSecond ?? DEFAULT_BACKGROUND_PER_SECOND;
    this.#buckets = {
      'first-round': bucketOf(first, now),
      background: bucketOf(background, now),
    };
  }

  tryTake(traffic: Traffic, now: number): boolean {
    return this.#bucket(traffic, now).tryTake(now);
  }

  waitMs(traffic: Traffic, now: number): number {
    return this.#bucket(traffic, now).waitMs(now);
  }

  /**
   * Everything together at most `ratePerSecond` until then, and `burst` of them at once. A second warning in a row lasts
   * longer and lets no frame more through.
   */
  slowDown(rate: { ratePerSecond: number; burst: number }, until: number, now: number): void {
    const current = this.isSlow(now) ? this.#slow?.bucket : undefined;
    this.#slow = { bucket: current ?? new TokenBucket({ ...rate, now }), until };
  }

  /** It was no storm: the usual rates again. */
  restore(): void {
    this.#slow = undefined;
  }

  isSlow(now: number): boolean {
    return this.#slow !== undefined && now < this.#slow.until;
  }

  #bucket(traffic: Traffic, now: number): TokenBucket {
    return this.#slow !== undefined && now < this.#slow.until
      ? this.#slow.bucket
      : this.#buckets[traffic];
  }
}

function bucketOf(ratePerSecond: number, now: number): TokenBucket {
  return new TokenBucket({
    ratePerSecond,
    burst: Math.max(1, (ratePerSecond * BURST_MS) / 1_000),
    now,
  });
}
