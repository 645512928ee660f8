import { setImmediate as nextTurn } from 'node:timers/promises';
import { Backoff } from '../time/backoff.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { ConflictError, NotLeadingError, StoreUnavailableError } from './errors.ts';

/** What a work queue needs from outside. */
export interface WorkQueuePorts {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly work: (key: string) => Promise<void>;
  /** `retryMs` is undefined where trying again can't help; the key then waits for its next `add`. */
  readonly onFailure: (key: string, error: unknown, retryMs: number | undefined) => void;
}

const RETRY = { initialMs: 20, maximumMs: 30_000 };

/**
 * Works through keys one at a time, first come first served. A key added again while it waits is worked once; while it
 * is worked, once more afterwards. Conflicts, an unreachable store and a Lease that could not be renewed in time are
 * retried with growing delays.
 *
 * Invariant: a key is waiting, in flight or retrying, or the queue remembers nothing of it.
 */
export class WorkQueue {
  readonly #ports: WorkQueuePorts;
  readonly #waiting = new Set<string>();
  readonly #retries = new Map<string, Timer>();
  readonly #backoffs = new Map<string, Backoff>();
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(ports: WorkQueuePorts) {
    this.#ports = ports;
  }

  /** Keys that still want work; for metrics. */
  get depth(): number {
    return this.#waiting.size + this.#retries.size;
  }

  add(key: string): void {
    if (this.#stopped) return;
    this.#retries.get(key)?.cancel();
    this.#retries.delete(key);
    this.#waiting.add(key);
    this.#running ??= this.#run();
  }

  /** Resolves once nothing is waiting or in flight. Keys that wait for a retry don't count. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Drops what waits; resolves once nothing is in flight. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting.clear();
    for (const timer of this.#retries.values()) timer.cancel();
    this.#retries.clear();
    this.#backoffs.clear();
    await this.#running;
  }

  async #run(): Promise<void> {
    // What came in together is added before any of it is worked: an object with a thousand parts is looked at once for
    // all of their changes, and whoever else waits for the event loop has its turn.
    await nextTurn();
    for (const key of this.#waiting) {
      this.#waiting.delete(key);
      await this.#work(key);
      await nextTurn();
    }
    this.#running = undefined;
  }

  async #work(key: string): Promise<void> {
    try {
      await this.#ports.work(key);
      this.#backoffs.delete(key);
    } catch (error) {
      this.#fail(key, error);
    }
  }

  #fail(key: string, error: unknown): void {
    const retryMs = isTransient(error) ? this.#nextDelayMs(key) : undefined;
    if (retryMs === undefined || this.#stopped) this.#backoffs.delete(key);
    else if (!this.#waiting.has(key)) this.#retryAfter(key, retryMs);
    this.#ports.onFailure(key, error, retryMs);
  }

  #nextDelayMs(key: string): number {
    const backoff = this.#backoffs.get(key) ?? new Backoff(this.#ports.random, RETRY);
    this.#backoffs.set(key, backoff);
    return backoff.nextDelayMs();
  }

  #retryAfter(key: string, delayMs: number): void {
    this.#retries.set(
      key,
      this.#ports.clock.after(delayMs, () => this.add(key)),
    );
  }
}

function isTransient(error: unknown): boolean {
  return (
    error instanceof ConflictError ||
    error instanceof StoreUnavailableError ||
    error instanceof NotLeadingError
  );
}
