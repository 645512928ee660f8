import { type KubernetesObject, keyOf, type ObjectMeta, parseObject } from '../api/object.ts';
import type { Parsed, Problem } from '../api/problem.ts';
import type { Mirror } from '../store/mirror.ts';

/** What objects of a kind are to those who go by them. */
export interface KeptKind<T> {
  readonly parse: (object: unknown) => Parsed<T>;
  /** @param value undefined when the object is gone */
  readonly set: (key: string, value: T | undefined) => void;
  /** Whether the object still counts, also when it is gone. */
  readonly isInForce: (key: string) => boolean;
  /** Whether it may be written to a disk, as one with a secret in it may not; absent: any. */
  readonly mayBeStored?: (value: T) => boolean;
  /** Whether anybody goes by an object with this metadata. */
  readonly counts: (metadata: ObjectMeta) => boolean;
}

/** Objects of one kind whose last good version counts, in this process and the next: each is kept as it was stored. */
export class KeptObjects<T extends { readonly metadata: ObjectMeta }> {
  readonly #kind: KeptKind<T>;
  readonly #readable = new Map<string, KubernetesObject>();
  readonly #problems = new Map<string, readonly Problem[]>();

  constructor(kind: KeptKind<T>) {
    this.#kind = kind;
  }

  /** For the mirror of the kind. */
  parse(object: unknown): Parsed<T> {
    const parsed = this.#kind.parse(object);
    const whole = parseObject(object);
    if (parsed.ok && whole.ok) this.#keep(parsed.value, whole.value);
    if (whole.ok && this.#kind.counts(whole.value.metadata))
      this.#note(keyOf(whole.value.metadata), parsed.ok ? [] : parsed.problems);
    return parsed;
  }

  #keep(value: T, object: KubernetesObject): void {
    const key = keyOf(value.metadata);
    if (this.#kind.mayBeStored?.(value) ?? true) this.#readable.set(key, object);
    else this.#readable.delete(key);
  }

  /** Of all objects as they are now. */
  get problems(): Problem[] {
    return [...this.#problems.values()].flat();
  }

  #note(key: string, problems: readonly Problem[]): void {
    if (problems.length === 0) this.#problems.delete(key);
    else this.#problems.set(key, problems);
  }

  /** Those in force, for `restore` of a later process. */
  objects(): KubernetesObject[] {
    return [...this.#readable]
      .filter(([key]) => this.#kind.isInForce(key))
      .map(([, object]) => object);
  }

  /** Those of an earlier process. */
  restore(objects: readonly unknown[]): void {
    for (const object of objects) {
      const parsed = this.parse(object);
      if (parsed.ok) this.#kind.set(keyOf(parsed.value.metadata), parsed.value);
    }
  }

  feed(mirror: Mirror<T>, keys: Iterable<string>): void {
    for (const key of keys) {
      const value = mirror.get(key);
      // What an earlier process could read of the same object counts as long as this one can't.
      const stored = mirror.object(key)?.metadata.uid;
      const isUnreadable = value === undefined && stored !== undefined;
      const isKept = stored === this.#readable.get(key)?.metadata.uid;
      if (!isUnreadable || !isKept) this.#kind.set(key, value);
      if (stored === undefined) this.#problems.delete(key);
      if (!this.#kind.isInForce(key)) this.#readable.delete(key);
    }
  }

  /** All that there is, or was in an earlier process. */
  feedAll(mirror: Mirror<T>): void {
    this.feed(mirror, new Set([...this.#readable.keys(), ...mirror.keys()]));
  }
}
