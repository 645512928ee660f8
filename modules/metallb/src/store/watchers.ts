import type { KubernetesObject } from '../api/object.ts';
import type { Kind, Watch, WatchEvent, WatchOptions } from './store.ts';

/** What watches are told about: the objects that there are now, and the version of the whole. */
export interface Watched {
  list(kind: Kind): Iterable<KubernetesObject>;
  readonly revision: number;
}

interface Watcher {
  readonly options: WatchOptions;
  readonly onEvent: (event: WatchEvent) => void;
  stopped: boolean;
}

/**
 * The watches of a store that keeps its objects in memory. Every watch sees events in the order in which they
 * happened, never from within the call that caused them.
 */
export class Watchers {
  readonly #watched: Watched;
  readonly #watchers = new Set<Watcher>();
  #open = false;
  #lost: Error | undefined;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** From now on there is something to tell: every watch gets its `listed`. */
  open(): void {
    this.#open = true;
    for (const watcher of this.#watchers) this.#greet(watcher);
  }

  /** Nothing is told any more until `open`. */
  close(): void {
    this.#open = false;
  }

  watch(options: WatchOptions, onEvent: (event: WatchEvent) => void): Watch {
    const watcher: Watcher = { options, onEvent, stopped: false };
    this.#watchers.add(watcher);
    this.#greet(watcher);
    return {
      stop: () => {
        watcher.stopped = true;
        this.#watchers.delete(watcher);
      },
    };
  }

  /** A fresh `listed` for every watch. */
  relist(): void {
    if (this.#lost !== undefined) return;
    for (const watcher of this.#watchers) this.#list(watcher);
  }

  changed(object: KubernetesObject, previous: KubernetesObject | undefined): void {
    const { revision } = this.#watched;
    for (const watcher of this.#watchersOf(object.kind)) {
      if (matches(watcher.options, object)) {
        this.#tell(watcher, { type: 'changed', object, revision });
      } else if (previous !== undefined && matches(watcher.options, previous)) {
        // It left the selection: for this watch that is a deletion, as for the API server's.
        this.#tell(watcher, { type: 'deleted', object: previous, revision });
      }
    }
  }

  deleted(object: KubernetesObject): void {
    const { revision } = this.#watched;
    for (const watcher of this.#watchersOf(object.kind)) {
      if (!matches(watcher.options, object)) continue;
      this.#tell(watcher, { type: 'deleted', object, revision });
    }
  }

  bookmark(): void {
    this.#tellAll({ type: 'bookmark', revision: this.#watched.revision });
  }

  /** Every watch hears `lost`, and nothing more until `recovered`. */
  lost(error: Error): void {
    this.#tellAll({ type: 'lost', error });
    this.#lost = error;
  }

  recovered(): void {
    this.#lost = undefined;
    this.relist();
  }

  #greet(watcher: Watcher): void {
    if (this.#lost === undefined) this.#list(watcher);
    else this.#deliver(watcher, { type: 'lost', error: this.#lost });
  }

  #list(watcher: Watcher): void {
    const objects = [...this.#watched.list(watcher.options.kind)];
    this.#tell(watcher, {
      type: 'listed',
      objects: objects.filter((object) => matches(watcher.options, object)),
      revision: this.#watched.revision,
    });
  }

  #tellAll(event: WatchEvent): void {
    for (const watcher of this.#watchers) this.#tell(watcher, event);
  }

  #tell(watcher: Watcher, event: WatchEvent): void {
    if (this.#lost === undefined) this.#deliver(watcher, event);
  }

  #deliver(watcher: Watcher, event: WatchEvent): void {
    if (!this.#open) return;
    queueMicrotask(() => {
      if (!watcher.stopped && this.#open) watcher.onEvent(event);
    });
  }

  #watchersOf(kind: string): Watcher[] {
    return [...this.#watchers].filter((watcher) => watcher.options.kind === kind);
  }
}

function matches(
  { namespace, name, labels }: WatchOptions,
  { metadata }: KubernetesObject,
): boolean {
  if (namespace !== undefined && metadata.namespace !== namespace) return false;
  if (name !== undefined && metadata.name !== name) return false;
  return Object.entries(labels ?? {}).every(([name, value]) => metadata.labels?.[name] === value);
}
