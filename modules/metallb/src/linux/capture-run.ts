/** More than wait in a ring: what a pause of this process has left there is no flood. */
const LOOK_EVERY_FRAMES = 256;

/**
 * How much processor time reading one capture in one go has taken. `cap` reads until nothing is left: where frames come
 * faster than they are read that is never, and no timer, no signal and no other socket gets its turn. Not the time on
 * the wall: a process that has to wait for a processor is not flooded, and what it throws away is what it lacks then.
 */
export class CaptureRun {
  readonly #usedMs: () => number;
  readonly #afterTurn: (run: () => void) => void;
  #frames = 0;
  #since = 0;
  #takenMs = 0;

  /**
   * @param usedMs processor time of this process, so far
   * @param afterTurn runs once the event loop turns
   */
  constructor(usedMs: () => number, afterTurn: (run: () => void) => void) {
    this.#usedMs = usedMs;
    this.#afterTurn = afterTurn;
  }

  /** Another frame is read. @returns milliseconds used since the loop turned, as of some frames ago */
  frame(): number {
    if (this.#frames === 0) this.#begin();
    this.#frames += 1;
    if (this.#frames % LOOK_EVERY_FRAMES === 0) this.#takenMs = this.#usedMs() - this.#since;
    return this.#takenMs;
  }

  #begin(): void {
    this.#since = this.#usedMs();
    this.#takenMs = 0;
    this.#afterTurn(() => {
      this.#frames = 0;
    });
  }
}
