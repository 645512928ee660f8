import type { Clock, Timer } from '../time/clock.ts';

/** What a state keeper needs from outside. */
export interface StateKeeperPorts {
  readonly clock: Clock;
  /** Writes the state as it is now. */
  readonly write: () => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

/** Long enough for a burst of changes to cost one write. */
const DELAY_MS = 1_000;
/** A file that stays as it was would put back what has gone meanwhile. */
const RETRY_MS = 60_000;

/** Writes state down soon after it changed, one write at a time. A write that fails is tried again. */
export class StateKeeper {
  readonly #ports: StateKeeperPorts;
  #timer: Timer | undefined;
  /** When the timer comes. */
  #due = 0;
  #writing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(ports: StateKeeperPorts) {
    this.#ports = ports;
  }

  changed(): void {
    this.#writeIn(DELAY_MS);
  }

  /** Writes what is not written yet; resolves once nothing is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== undefined) this.#write();
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#writing;
  }

  /** What is to be written sooner anyway is not put off. */
  #writeIn(delayMs: number): void {
    if (this.#stopped) return;
    const due = this.#ports.clock.now() + delayMs;
    if (this.#timer !== undefined && this.#due <= due) return;
    this.#timer?.cancel();
    this.#due = due;
    this.#timer = this.#ports.clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#write();
    });
  }

  #write(): void {
    const { write, onFailure } = this.#ports;
    this.#writing = this.#writing.then(write).catch((error: unknown) => {
      onFailure(error);
      this.#writeIn(RETRY_MS);
    });
  }
}
