import type { Clock, Timer } from '../time/clock.ts';

/** Of many nodes that are told of newer state at once. */
const SPREAD_MS = 1_000;
const EVERY_MS = 5 * 60_000;

/**
 * Has the store listed again when peers know newer cluster state than its watches have told: spread over a second, and
 * at most once in five minutes (network rule 6).
 */
export class Relisting {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #relist: () => void;
  #notBefore = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  /** @param random uniform in [0, 1) */
  constructor(clock: Clock, random: () => number, relist: () => void) {
    this.#clock = clock;
    this.#random = random;
    this.#relist = relist;
  }

  /** However often it is asked for meanwhile, it happens once. */
  request(): void {
    const waitMs = Math.max(this.#random() * SPREAD_MS, this.#notBefore - this.#clock.now());
    this.#timer ??= this.#clock.after(waitMs, () => {
      this.#timer = undefined;
      this.#notBefore = this.#clock.now() + EVERY_MS;
      this.#relist();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
