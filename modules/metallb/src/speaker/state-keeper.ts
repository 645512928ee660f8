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

/** Writes state down soon after it changed, one write at a time. A write that fails is tried again with the next change. */
export class StateKeeper {
  readonly #ports: StateKeeperPorts;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(ports: StateKeeperPorts) {
    this.#ports = ports;
  }

  changed(): void {
    if (this.#stopped) return;
    this.#timer ??= this.#ports.clock.after(DELAY_MS, () => {
      this.#timer = undefined;
      this.#write();
    });
  }

  /** Writes what is not written yet; resolves once nothing is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== undefined) this.#write();
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#writing;
  }

  #write(): void {
    const { write, onFailure } = this.#ports;
    this.#writing = this.#writing.then(write).catch(onFailure);
  }
}
