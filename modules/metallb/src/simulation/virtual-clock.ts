import type { Clock, Timer } from '../time/clock.ts';

interface Pending {
  readonly at: number;
  readonly run: () => void;
}

/** Time that passes when its owner says so: a simulation waits for nothing. */
export class VirtualClock implements Clock {
  readonly #startEpochMs: number;
  readonly #pending = new Set<Pending>();
  #now = 0;

  constructor(startEpochMs: number) {
    this.#startEpochMs = startEpochMs;
  }

  now(): number {
    return this.#now;
  }

  epochMs(): number {
    return this.#startEpochMs + this.#now;
  }

  after(delayMs: number, run: () => void): Timer {
    const entry = { at: this.#now + Math.max(0, delayMs), run };
    this.#pending.add(entry);
    return { cancel: () => this.#pending.delete(entry) };
  }

  /** Runs what comes due within this span, in the order of the due times. */
  advance(spanMs: number): void {
    const until = this.#now + spanMs;
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#pending.delete(next);
      this.#now = next.at;
      next.run();
    }
    this.#now = until;
  }

  #next(until: number): Pending | undefined {
    let first: Pending | undefined;
    for (const entry of this.#pending) {
      if (entry.at <= until && (first === undefined || entry.at < first.at)) first = entry;
    }
    return first;
  }
}
