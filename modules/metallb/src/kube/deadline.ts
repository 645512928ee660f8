import type { Clock, Timer } from '../time/clock.ts';

/** How long something may take. Its signal aborts when that time is over, or when the outer signal does. */
export class Deadline {
  readonly #clock: Clock;
  readonly #controller = new AbortController();
  readonly #timer: Timer;
  readonly #at: number;
  readonly #outer: AbortSignal | undefined;
  readonly #abort = (): void => this.#controller.abort();
  #passed = false;

  constructor(clock: Clock, limitMs: number, outer?: AbortSignal) {
    this.#clock = clock;
    this.#outer = outer;
    this.#at = clock.now() + limitMs;
    this.#timer = clock.after(limitMs, () => {
      this.#passed = true;
      this.#abort();
    });
    if (outer?.aborted) this.#abort();
    else outer?.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The time ran out, rather than that somebody aborted or all went well. */
  get passed(): boolean {
    return this.#passed;
  }

  get leftMs(): number {
    return this.#at - this.#clock.now();
  }

  /** The time no longer counts. The outer signal still aborts this one, as where a body is still being read. */
  lift(): void {
    this.#timer.cancel();
  }

  /** All is done. */
  end(): void {
    this.#timer.cancel();
    this.#outer?.removeEventListener('abort', this.#abort);
  }
}
