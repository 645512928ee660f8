import { isDeepStrictEqual } from 'node:util';
import { type KubernetesObject, keyOf } from '../api/object.ts';
import type { Parsed, Problem } from '../api/problem.ts';
import type { Store, Watch, WatchEvent, WatchOptions } from './store.ts';

/** Who is told what about a mirrored kind. */
export interface MirrorOptions<T> extends WatchOptions {
  readonly parse: (object: unknown) => Parsed<T>;
  /**
   * After every `listed`, change, deletion and bookmark, with the keys (`keyOf`) of what may read differently now;
   * without keys when only `synced` or `revision` moved.
   */
  readonly onChange: (keys: ReadonlySet<string>) => void;
  /** A version that can't be understood arrived; the last good one stays in force. */
  readonly onProblem: (problems: readonly Problem[]) => void;
  /** What is known stands still from now on. */
  readonly onLost?: (error: Error) => void;
}

interface Entry<T> {
  readonly object: KubernetesObject;
  /** Of the last version that could be parsed; undefined when there was none since the object was created. */
  readonly good: { readonly value: T } | undefined;
}

/** One kind of a store, parsed and kept by key. The work for one change does not depend on how many objects there are. */
export class Mirror<T> {
  readonly #store: Pick<Store, 'watch'>;
  readonly #options: MirrorOptions<T>;
  readonly #entries = new Map<string, Entry<T>>();
  #watch: Watch | undefined;
  #synced = false;
  #revision = 0;

  constructor(store: Pick<Store, 'watch'>, options: MirrorOptions<T>) {
    this.#store = store;
    this.#options = options;
  }

  /** The whole state has been heard at least once since the start, or since the last `restart`. */
  get synced(): boolean {
    return this.#synced;
  }

  /** The highest version of anything heard. */
  get revision(): number {
    return this.#revision;
  }

  /** The last good version. */
  get(key: string): T | undefined {
    return this.#entries.get(key)?.good?.value;
  }

  /** The latest version as stored, understood or not: what a patch must be based on. */
  object(key: string): KubernetesObject | undefined {
    return this.#entries.get(key)?.object;
  }

  /** The latest version of every object. */
  *objects(): Iterable<KubernetesObject> {
    for (const { object } of this.#entries.values()) yield object;
  }

  /** The last good version of every object. */
  *values(): Iterable<T> {
    for (const { good } of this.#entries.values()) {
      if (good !== undefined) yield good.value;
    }
  }

  keys(): Iterable<string> {
    return this.#entries.keys();
  }

  start(): void {
    this.#watch ??= this.#store.watch(this.#options, (event) => this.#hear(event));
  }

  stop(): void {
    this.#watch?.stop();
    this.#watch = undefined;
  }

  /** Lists anew and goes on from there; what is known stays until then. What a watch had under way is not waited for. */
  restart(): void {
    this.stop();
    this.#synced = false;
    this.start();
  }

  #hear(event: WatchEvent): void {
    if (event.type === 'lost') {
      this.#options.onLost?.(event.error);
      return;
    }
    this.#revision = Math.max(this.#revision, event.revision);
    this.#options.onChange(this.#apply(event));
  }

  #apply(event: Exclude<WatchEvent, { type: 'lost' }>): ReadonlySet<string> {
    switch (event.type) {
      case 'listed':
        return this.#replaceAll(event.objects);
      case 'changed':
        return this.#set(event.object);
      case 'deleted':
        return this.#delete(keyOf(event.object.metadata));
      case 'bookmark':
        return new Set();
    }
  }

  #replaceAll(objects: readonly KubernetesObject[]): ReadonlySet<string> {
    this.#synced = true;
    const changed = new Set<string>();
    const gone = new Set(this.#entries.keys());
    for (const object of objects) {
      const key = keyOf(object.metadata);
      gone.delete(key);
      // Not by resourceVersion: a store may merge in what has no version of its own.
      if (isDeepStrictEqual(this.#entries.get(key)?.object, object)) continue;
      this.#set(object);
      changed.add(key);
    }
    for (const key of gone) {
      this.#delete(key);
      changed.add(key);
    }
    return changed;
  }

  #set(object: KubernetesObject): ReadonlySet<string> {
    const key = keyOf(object.metadata);
    const before = this.#entries.get(key);
    const parsed = this.#options.parse(object);
    // The last good version of an object that was deleted and made anew is another object's.
    const sameObject = before?.object.metadata.uid === object.metadata.uid;
    const lastGood = sameObject ? before?.good : undefined;
    this.#entries.set(key, { object, good: parsed.ok ? { value: parsed.value } : lastGood });
    if (!parsed.ok) this.#options.onProblem(parsed.problems);
    return new Set([key]);
  }

  #delete(key: string): ReadonlySet<string> {
    return this.#entries.delete(key) ? new Set([key]) : new Set();
  }
}
