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
  #slow: TokenBucket | undefined;

  constructor(options: PacingOptions, now: number) {
    const first = options.firstRoundPerSecond ?? DEFAULT_FIRST_ROUND_PER_SECOND;
    const background = options.backgroundPerSecond ?? DEFAULT_BACKGROUND_PER_SECOND;
    this.#buckets = {
      'first-round': bucketOf(first, now),
      background: bucketOf(background, now),
    };
  }

  tryTake(traffic: Traffic, now: number): boolean {
    return this.#bucket(traffic).tryTake(now);
  }

  waitMs(traffic: Traffic, now: number): number {
    return this.#bucket(traffic).waitMs(now);
  }

  /** Everything together at most `ratePerSecond`, and `burst` of them at once. A second warning lets no frame more through. */
  slowDown(rate: { ratePerSecond: number; burst: number }, now: number): void {
    this.#slow ??= new TokenBucket({ ...rate, now });
  }

  /** The usual rates again. */
  restore(): void {
    this.#slow = undefined;
  }

  #bucket(traffic: Traffic): TokenBucket {
    return this.#slow ?? this.#buckets[traffic];
  }
}

function bucketOf(ratePerSecond: number, now: number): TokenBucket {
  return new TokenBucket({
    ratePerSecond,
    burst: Math.max(1, (ratePerSecond * BURST_MS) / 1_000),
    now,
  });
}
