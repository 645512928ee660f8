import type { KubernetesObject } from '../api/object.ts';
import type { Clock } from '../time/clock.ts';
import { describeObject, patchObject } from './apply-patch.ts';
import { NotFoundError, StoreUnavailableError } from './errors.ts';
import { ObjectTable } from './object-table.ts';
import type {
  Kind,
  NewObject,
  ObjectRef,
  Operation,
  Store,
  Watch,
  WatchEvent,
  WatchOptions,
} from './store.ts';
import { Watchers } from './watchers.ts';

/** A cluster's state in memory, with the API server's semantics. It survives `stop`, as a cluster survives its clients. */
export class MemoryStore implements Store {
  readonly #table: ObjectTable;
  readonly #watchers: Watchers;
  #nextUid = 1;
  #lost: Error | undefined;

  constructor(clock: Clock) {
    this.#table = new ObjectTable({
      clock,
      newUid: () => `00000000-0000-4000-8000-${String(this.#nextUid++).padStart(12, '0')}`,
      onChange: (change) => {
        if (change.type === 'deleted') this.#watchers.deleted(change.object);
        else this.#watchers.changed(change.object, change.previous);
      },
    });
    this.#watchers = new Watchers(this.#table);
  }

  /** Starts as a copy of a cluster: with the uids, ages and versions that its objects have. */
  load(objects: readonly KubernetesObject[]): void {
    this.#table.load(objects, 0);
  }

  get(ref: ObjectRef): KubernetesObject | undefined {
    return this.#table.get(ref);
  }

  list(kind: Kind): KubernetesObject[] {
    return [...this.#table.list(kind)];
  }

  /** What others do to the cluster: creates the object or replaces all of it, status included. */
  put(object: NewObject): KubernetesObject {
    const { kind, metadata } = object;
    const existing = this.#table.get({ kind, ...metadata });
    if (existing === undefined) return this.#table.create(object);
    const { uid, creationTimestamp, resourceVersion } = existing.metadata;
    const stamps = { uid, creationTimestamp, resourceVersion };
    return this.#table.replace({ ...object, metadata: { ...metadata, ...stamps } });
  }

  /** What others do to the cluster: deletes the object if it is there. */
  remove(ref: ObjectRef): void {
    this.#table.delete(ref);
  }

  /** The store can't be reached from now on: watches hear `lost` and nothing more, writes fail. */
  lose(error: Error = new StoreUnavailableError('the store was made unreachable')): void {
    this.#lost = error;
    this.#watchers.lost(error);
  }

  /** The store can be reached again: every watch lists. */
  recover(): void {
    this.#lost = undefined;
    this.#watchers.recovered();
  }

  watch(options: WatchOptions, onEvent: (event: WatchEvent) => void): Watch {
    return this.#watchers.watch(options, onEvent);
  }

  relist(): void {
    this.#watchers.relist();
  }

  async write(operation: Operation): Promise<KubernetesObject | undefined> {
    if (this.#lost !== undefined) {
      throw new StoreUnavailableError(this.#lost.message, { cause: this.#lost });
    }
    switch (operation.do) {
      case 'create':
        // The API server drops the status that a create brings along.
        return this.#table.create({ ...operation.object, status: undefined });
      case 'patch': {
        const object = this.#table.get(operation.ref);
        if (object === undefined) {
          throw new NotFoundError(`${describeObject(operation.ref)} does not exist`);
        }
        return this.#table.replace(patchObject(object, operation));
      }
      case 'delete':
        this.#table.delete(operation.ref, operation.uid);
        return undefined;
    }
  }

  async start(): Promise<void> {
    this.#watchers.open();
  }

  async stop(): Promise<void> {
    this.#watchers.close();
  }
}
