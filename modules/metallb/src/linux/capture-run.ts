/** More than wait in a ring: what a pause of this process has left there is no flood. */
const LOOK_EVERY_FRAMES = 256;

/**
 * How long one capture has been read in one go. `cap` reads until nothing is left: where frames come faster than they
 * are read that is never, and no timer, no signal and no other socket gets its turn.
 */
export class CaptureRun {
  readonly #now: () => number;
  readonly #afterTurn: (run: () => void) => void;
  #frames = 0;
  #since = 0;
  #lastedMs = 0;

  /** @param afterTurn runs once the event loop turns */
  constructor(now: () => number, afterTurn: (run: () => void) => void) {
    this.#now = now;
    this.#afterTurn = afterTurn;
  }

  /** Another frame is read. @returns milliseconds since the loop turned, as of some frames ago */
  frame(): number {
    if (this.#frames === 0) this.#begin();
    this.#frames += 1;
    if (this.#frames % LOOK_EVERY_FRAMES === 0) this.#lastedMs = this.#now() - this.#since;
    return this.#lastedMs;
  }

  #begin(): void {
    this.#since = this.#now();
    this.#lastedMs = 0;
    this.#afterTurn(() => {
      this.#frames = 0;
    });
  }
}
