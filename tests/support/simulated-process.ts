import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { StoreUnavailableError } from '../../modules/metallb/src/store/errors.ts';
import type { LeaseLock } from '../../modules/metallb/src/store/lease.ts';
import type { Operation, Store } from '../../modules/metallb/src/store/store.ts';
import type { Clock } from '../../modules/metallb/src/time/clock.ts';
import type { MemoryLease } from './memory-lease.ts';

/** What a process is surrounded by. */
export interface World {
  readonly clock: Clock;
  readonly store: Store;
  readonly lease: MemoryLease;
  /** How long a request takes on its way; undefined: it gets lost. */
  readonly delayMs: () => number | undefined;
  /** How late a watch tells; in order all the same. */
  readonly lagMs: () => number;
  /** A write reaches the cluster. */
  readonly onWrite: (identity: string, operation: Operation) => void;
}

/**
 * What one process sees of the world. Paused, it hears nothing: timers, answers and watch events wait until it goes on.
 * What it had sent is on its way all the same, as bytes in the kernel are.
 */
export class SimulatedProcess {
  readonly identity: string;
  /** What its wall clock is off by. */
  wallClockErrorMs = 0;
  readonly #world: World;
  readonly #held: (() => void)[] = [];
  #state: 'running' | 'paused' | 'dead' = 'running';

  constructor(identity: string, world: World) {
    this.identity = identity;
    this.#world = world;
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    for (const happen of this.#held.splice(0)) this.#hear(happen);
  }

  kill(): void {
    this.#state = 'dead';
  }

  readonly clock: Clock = {
    now: () => this.#world.clock.now(),
    epochMs: () => this.#world.clock.epochMs() + this.wallClockErrorMs,
    after: (delayMs, run) => this.#world.clock.after(delayMs, () => this.#hear(run)),
  };

  get store(): Store {
    const { store, onWrite } = this.#world;
    return {
      watch: (options, onEvent) => {
        let isStopped = false;
        let lastAt = 0;
        const { clock, lagMs } = this.#world;
        const watch = store.watch(options, (event) => {
          const now = clock.now();
          lastAt = Math.max(lastAt, now + lagMs());
          const tell = () => {
            if (!isStopped) onEvent(event);
          };
          clock.after(lastAt - now, () => this.#hear(tell));
        });
        return {
          stop: () => {
            isStopped = true;
            watch.stop();
          },
        };
      },
      relist: () => store.relist(),
      write: (operation) =>
        this.#ask(async (): Promise<KubernetesObject | undefined> => {
          onWrite(this.identity, operation);
          return await store.write(operation);
        }),
      start: async () => {},
      stop: async () => {},
    };
  }

  get lease(): LeaseLock {
    return this.#world.lease.lock((call) => this.#ask(async () => call()));
  }

  #hear(happen: () => void): void {
    if (this.#state === 'running') happen();
    else if (this.#state === 'paused') this.#held.push(happen);
  }

  /** The request arrives after a while, and its answer after another one. */
  #ask<T>(call: () => Promise<T>): Promise<T> {
    const { clock, delayMs } = this.#world;
    return new Promise((resolve, reject) => {
      const answer = (settle: () => void) => {
        clock.after(delayMs() ?? 0, () => this.#hear(settle));
      };
      const lost = () => reject(new StoreUnavailableError('lost on the way'));
      const delay = delayMs();
      if (delay === undefined) answer(lost);
      else {
        clock.after(delay, () => {
          call().then(
            (value) => answer(() => resolve(value)),
            (error: unknown) => answer(() => reject(error)),
          );
        });
      }
    });
  }
}
