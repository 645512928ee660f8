import {
  AlreadyExistsError,
  ConflictError,
  NotFoundError,
  StoreUnavailableError,
} from '../../modules/metallb/src/store/errors.ts';
import type { LeaseLock, LeaseRecord, StoredLease } from '../../modules/metallb/src/store/lease.ts';

/** A Lease in memory, with the API server's semantics. */
export class MemoryLease {
  #stored: StoredLease | undefined;
  #version = 0;

  get stored(): StoredLease | undefined {
    return this.#stored;
  }

  /** Somebody deletes it by hand. */
  remove(): void {
    this.#stored = undefined;
  }

  /** Helm makes it anew, as the chart has it. */
  render(): void {
    const times = { durationMs: undefined, acquiredEpochMs: undefined, renewedEpochMs: undefined };
    this.#store({ holder: '', ...times, transitions: 0 });
  }

  /** Somebody writes it by hand. */
  edit(changes: Partial<LeaseRecord>): void {
    if (this.#stored !== undefined) this.#store({ ...this.#stored, ...changes });
  }

  /** What one replica sees. @param pass every call goes through it, so that it may be delayed, lost or refused */
  lock(pass: Pass = straight): LeaseLock {
    return {
      read: () => pass(() => this.#stored),
      create: (record) =>
        pass(() => {
          if (this.#stored !== undefined) throw new AlreadyExistsError('the lease exists');
          return this.#store(record);
        }),
      replace: (version, record) =>
        pass(() => {
          if (this.#stored === undefined) throw new NotFoundError('no such lease');
          if (this.#stored.version !== version) throw new ConflictError('another version');
          return this.#store(record);
        }),
    };
  }

  #store(record: LeaseRecord): StoredLease {
    this.#version += 1;
    this.#stored = { ...record, version: String(this.#version) };
    return this.#stored;
  }
}

type Pass = <T>(call: () => T) => Promise<T>;

async function straight<T>(call: () => T): Promise<T> {
  return call();
}

/** A way to the API server that can be cut: calls then fail at once. */
export class Cable {
  isCut = false;
  /** The answers get lost, but what was asked is done. */
  losesAnswers = false;

  readonly pass = async <T>(call: () => T): Promise<T> => {
    if (this.isCut) throw new StoreUnavailableError('connection refused');
    const answer = call();
    if (this.losesAnswers) throw new StoreUnavailableError('connection lost');
    return answer;
  };
}
