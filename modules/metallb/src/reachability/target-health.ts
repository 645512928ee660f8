/** How many rounds in a row turn a target's state. */
export interface Thresholds {
  readonly failures: number;
  readonly successes: number;
}

/**
 * Whether one target answers, with hysteresis: one lost packet is no outage, one answer no recovery. Of a target that was
 * just begun with, nothing is known.
 */
export class TargetHealth {
  readonly #thresholds: Thresholds;
  #state: 'unknown' | 'up' | 'down' = 'unknown';
  #misses = 0;
  #hits = 0;

  constructor(thresholds: Thresholds) {
    this.#thresholds = thresholds;
  }

  /** A round is over. */
  note(answered: boolean): void {
    this.#hits = answered ? this.#hits + 1 : 0;
    this.#misses = answered ? 0 : this.#misses + 1;
    if (this.#hits >= this.#thresholds.successes) this.#state = 'up';
    if (this.#misses >= this.#thresholds.failures) this.#state = 'down';
  }

  /** It answers, and did so in the last round. */
  get isUp(): boolean {
    return this.#state === 'up' && this.#misses === 0;
  }

  /** It does not answer, and did not in the last round either. */
  get isDown(): boolean {
    return this.#state === 'down' && this.#hits === 0;
  }
}
