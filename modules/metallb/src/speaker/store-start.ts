import type { Store } from '../store/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock, Timer } from '../time/clock.ts';

const RESTART_MS = 1_000;

export interface StoreStartPorts {
  readonly store: Pick<Store, 'start'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** There is something to go by meanwhile; undefined: there is nothing. */
  readonly onFailure: (() => void) | undefined;
}

/** A store that does not start is tried again, where there is something to go by without it. */
export class StoreStart {
  readonly #ports: StoreStartPorts;
  #failure: string | undefined;
  #retry: Timer | undefined;

  constructor(ports: StoreStartPorts) {
    this.#ports = ports;
  }

  /** @throws what the store throws, when there is nothing to go by */
  async start(): Promise<void> {
    const { store, clock, onFailure } = this.#ports;
    try {
      await store.start();
    } catch (error) {
      if (onFailure === undefined) throw error;
      this.#tell(error);
      onFailure();
      // Rejects no more: there is something to go by.
      this.#retry = clock.after(RESTART_MS, () => void this.start());
    }
  }

  /** Idempotent. */
  stop(): void {
    this.#retry?.cancel();
  }

  /** Once for each reason, although it is tried every second. */
  #tell(error: unknown): void {
    const failure = String(error);
    if (failure === this.#failure) return;
    this.#failure = failure;
    this.#ports.log.warn('store does not start, trying again', { error });
  }
}
