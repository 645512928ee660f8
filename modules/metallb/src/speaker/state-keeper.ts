import type { WantedCondition } from '../api/conditions.ts';
import { type Clock, formatTimestamp, type Timer } from '../time/clock.ts';
import { nodeCondition } from './node-condition.ts';

/** What a state keeper needs from outside. */
export interface StateKeeperPorts {
  readonly clock: Clock;
  /** Writes the state as it is now. */
  readonly write: () => Promise<void>;
  /** It could not be written, for another reason than the last time. */
  readonly onFailure: (error: unknown) => void;
  /** `conditions` read otherwise now. */
  readonly onConditions: () => void;
}

/** Long enough for a burst of changes to cost one write. */
const DELAY_MS = 1_000;
/** A file that stays as it was would put back what has gone meanwhile. */
const RETRY_MS = 10_000;

/** Writes state down soon after it changed, one write at a time. A write that fails is tried again. */
export class StateKeeper {
  readonly #ports: StateKeeperPorts;
  #timer: Timer | undefined;
  /** When the timer comes. */
  #due = 0;
  #writing: Promise<void> = Promise.resolve();
  #stopped = false;
  #writtenEpochMs: number | undefined;
  /** Why it could not be written the last time. */
  #problem: string | undefined;

  constructor(ports: StateKeeperPorts) {
    this.#ports = ports;
  }

  /** When the state was last written; undefined when it has not been. */
  get writtenEpochMs(): number | undefined {
    return this.#writtenEpochMs;
  }

  changed(): void {
    this.#writeIn(DELAY_MS);
  }

  /** What a start without the API server would miss. */
  conditions(): WantedCondition[] {
    const since = this.#writtenEpochMs;
    const age = since === undefined ? 'this speaker started' : formatTimestamp(since);
    const effect = `a start without the API server would go by the state from before ${age}`;
    const messages = this.#problem === undefined ? [] : [`${this.#problem}: ${effect}`];
    return [nodeCondition('StateNotKept', messages)];
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
    this.#writing = this.#writing.then(this.#ports.write).then(
      () => this.#written(),
      (error: unknown) => this.#failed(error),
    );
  }

  #written(): void {
    this.#writtenEpochMs = this.#ports.clock.epochMs();
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    this.#ports.onConditions();
  }

  #failed(error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    this.#writeIn(RETRY_MS);
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#ports.onFailure(error);
    this.#ports.onConditions();
  }
}
