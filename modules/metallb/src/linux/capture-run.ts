/** More than wait in a ring: what a pause of this process has left there is no flood. */
const LOOK_EVERY_FRAMES = 256;

/**
 * How much processor time reading one capture in one go has taken. `cap` reads until nothing is left: where frames come
 * faster than they are read that is never, and no timer, no signal and no other socket gets its turn. Not the time on
 * the wall: a process that waits for a processor is not flooded, and what it would throw away is all that it gets.
 */
export class CaptureRun {
  readonly #afterTurn: (run: () => void) => void;
  readonly #usedMs: () => number;
  #frames = 0;
  #since = 0;
  #takenMs = 0;

  /**
   * @param afterTurn runs once the event loop turns
   * @param usedMs processor time of this process, so far
   */
  constructor(afterTurn: (run: () => void) => void, usedMs = processorMs) {
    this.#afterTurn = afterTurn;
    this.#usedMs = usedMs;
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

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
