import type { Clock, Timer } from '../../modules/metallb/src/time/clock.ts';

interface Pending {
  readonly at: number;
  readonly run: () => void;
}

/** Time that moves only when a test says so; timers run in order of their due time. */
export class FakeClock implements Clock {
  #now = 0;
  readonly #earlyMs: number;
  /** In the order in which they run. */
  readonly #pending: Pending[] = [];

  /** @param earlyMs Node's timers count whole milliseconds from the turn's begin: by the clock they may be early */
  constructor({ earlyMs = 0 } = {}) {
    this.#earlyMs = earlyMs;
  }

  now(): number {
    return this.#now;
  }

  epochMs(): number {
    return 1_700_000_000_000 + this.#now;
  }

  after(ms: number, run: () => void): Timer {
    const entry: Pending = { at: this.#now + Math.max(0, ms - this.#earlyMs), run };
    this.#pending.splice(this.#placeOf(entry.at), 0, entry);
    return { cancel: () => this.#cancel(entry) };
  }

  #cancel(entry: Pending): void {
    const place = this.#pending.lastIndexOf(entry, this.#placeOf(entry.at) - 1);
    if (place >= 0) this.#pending.splice(place, 1);
  }

  /** Behind all that are due at the same time. */
  #placeOf(at: number): number {
    let [low, high] = [0, this.#pending.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#pending[middle]?.at ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  advance(ms: number): void {
    const until = this.#now + ms;
    for (let next = this.#pending[0]; next !== undefined && next.at <= until; ) {
      this.#pending.shift();
      this.#now = next.at;
      next.run();
      next = this.#pending[0];
    }
    this.#now = until;
  }
}
