/** Allows `ratePerSecond` on average and `burst` at once. Time is an argument. */
export class TokenBucket {
  readonly #ratePerMs: number;
  readonly #burst: number;
  #tokens: number;
  #updatedAt: number;

  constructor(options: { ratePerSecond: number; burst: number; now: number }) {
    this.#ratePerMs = options.ratePerSecond / 1_000;
    this.#burst = options.burst;
    this.#tokens = options.burst;
    this.#updatedAt = options.now;
  }

  tryTake(now: number): boolean {
    this.#refill(now);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Milliseconds until a token is there; 0 when one is. */
  waitMs(now: number): number {
    this.#refill(now);
    return this.#tokens >= 1 ? 0 : (1 - this.#tokens) / this.#ratePerMs;
  }

  #refill(now: number): void {
    const gained = Math.max(0, now - this.#updatedAt) * this.#ratePerMs;
    this.#tokens = Math.min(this.#burst, this.#tokens + gained);
    this.#updatedAt = Math.max(now, this.#updatedAt);
  }
}
