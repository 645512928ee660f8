import type { Clock, Timer } from '../../modules/metallb/src/time/clock.ts';

interface Pending {
  readonly at: number;
  readonly run: () => void;
}
/** Time that moves only when a test says so; timers run in order of their due time. */
export class FakeClock implements Clock {
  #now = 0;
  #pending: Pending[] = [];
  now(): number {
    return this.#now;
  }
  epochMs(): number {
    return 1_700_000_000_000 + this.#now;
  }
  after(ms: number, run: () => void): Timer {
    const entry: Pending = { at: this.#now + ms, run };
    this.#pending.push(entry);
    return {
      cancel: () => {
        this.#pending = this.#pending.filter((other) => other !== entry);
      },
    };
  }
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const next = this.#pending.filter((e) => e.at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#pending = this.#pending.filter((e) => e !== next);
      this.#now = next.at;
      next.run();
    }
    this.#now = until;
  }
}
