export interface BackoffOptions {
  readonly initialMs: number;
  readonly maximumMs: number;
  readonly multiplier?: number;
}

/** Delays that grow by a factor up to a ceiling, each shortened by up to a fifth so that nodes don't act in step. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #nextMs: number;

  /** @param random uniform in [0, 1) */
  constructor(random: () => number, options: BackoffOptions) {
    this.#random = random;
    this.#options = options;
    this.#nextMs = options.initialMs;
  }

  nextDelayMs(): number {
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(delayMs * (this.#options.multiplier ?? 2), this.#options.maximumMs);
    return delayMs * (1 - this.#random() * 0.2);
  }

  reset(): void {
    this.#nextMs = this.#options.initialMs;
  }
}
