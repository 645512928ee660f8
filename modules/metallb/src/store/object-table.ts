import { isDeepStrictEqual } from 'node:util';
import { type KubernetesObject, keyOf } from '../api/object.ts';
import { type Clock, formatTimestamp } from '../time/clock.ts';
import { asStored, describeObject } from './apply-patch.ts';
import { AlreadyExistsError, ConflictError } from './errors.ts';
import type { NewObject, ObjectRef } from './store.ts';

/** One step of a table's history. */
export type TableChange =
  | {
      readonly type: 'changed';
      readonly object: KubernetesObject;
      readonly previous: KubernetesObject | undefined;
    }
  | { readonly type: 'deleted'; readonly object: KubernetesObject };

export interface TablePorts {
  readonly clock: Clock;
  readonly newUid: () => string;
  /** Told before the change is in force; where it throws, the table stays as it was. */
  readonly onChange: (change: TableChange) => void;
}

interface Identity {
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

/**
 * The objects of a store that is its own API server: gives uid, creationTimestamp and resourceVersion, and collects
 * children whose owners are gone.
 *
 * Invariant: `revision` is at least the resourceVersion of every object that is or was in the table.
 */
export class ObjectTable {
  readonly #ports: TablePorts;
  readonly #kinds = new Map<string, Map<string, KubernetesObject>>();
  readonly #uids = new Set<string>();
  /** Objects by the uid of each of their owners. */
  readonly #children = new Map<string, Map<string, KubernetesObject>>();
  #revision = 0;

  constructor(ports: TablePorts) {
    this.#ports = ports;
  }

  get revision(): number {
    return this.#revision;
  }

  get({ kind, namespace, name }: Identity): KubernetesObject | undefined {
    return this.#kinds.get(kind)?.get(keyOf({ namespace, name }));
  }

  list(kind: string): Iterable<KubernetesObject> {
    return this.#kinds.get(kind)?.values() ?? [];
  }

  /** Takes over objects that were given their versions earlier; nobody is told. */
  load(objects: Iterable<KubernetesObject>, revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
    for (const object of objects) {
      this.#revision = Math.max(this.#revision, Number(object.metadata.resourceVersion));
      this.#set(object);
    }
  }

  /** @throws AlreadyExistsError */
  create(object: NewObject): KubernetesObject {
    const ref = identityOf(object);
    if (this.get(ref) !== undefined) {
      throw new AlreadyExistsError(`${describeObject(ref)} exists already`);
    }
    const { clock, newUid } = this.#ports;
    const metadata = {
      ...object.metadata,
      uid: newUid(),
      creationTimestamp: formatTimestamp(clock.epochMs()),
    };
    return this.#put(
      asStored({ ...object, metadata: { ...metadata, resourceVersion: '' } }),
      undefined,
    );
  }

  /** Puts the object in the place of the one with its name. Equal content changes nothing, not even the version. */
  replace(next: KubernetesObject): KubernetesObject {
    const previous = this.get(identityOf(next));
    const stored = asStored(next);
    if (previous !== undefined && isDeepStrictEqual(stored, previous)) return previous;
    return this.#put(stored, previous);
  }

  /** A new version of the same content. */
  touch(ref: Identity): void {
    const object = this.get(ref);
    if (object !== undefined) this.#put(object, object);
  }

  /**
   * Deletes the object, then everything that only it owned.
   *
   * @throws ConflictError when `uid` is given and the object has another one
   */
  delete(ref: ObjectRef, uid?: string): void {
    const object = this.get(ref);
    if (object === undefined) return;
    if (uid !== undefined && object.metadata.uid !== uid) {
      throw new ConflictError(`${describeObject(ref)} has uid ${object.metadata.uid}, not ${uid}`);
    }
    this.#delete(object);
  }

  /** Deletes what a crash left behind: objects whose owners went while nobody collected. */
  collectOrphans(): void {
    for (const objects of this.#kinds.values()) {
      for (const object of objects.values()) this.#collect(object);
    }
  }

  /** @param next a copy of the table's own */
  #put(next: KubernetesObject, previous: KubernetesObject | undefined): KubernetesObject {
    const revision = this.#revision + 1;
    const metadata = { ...next.metadata, resourceVersion: String(revision) };
    const object = { ...next, metadata };
    this.#commit(revision, { type: 'changed', object, previous });
    if (previous !== undefined) this.#forget(previous);
    this.#set(object);
    this.#collect(object);
    return object;
  }

  #delete(object: KubernetesObject): void {
    this.#commit(this.#revision + 1, { type: 'deleted', object });
    this.#forget(object);
    const children = [...(this.#children.get(object.metadata.uid)?.values() ?? [])];
    for (const child of children) this.#collect(child);
  }

  #commit(revision: number, change: TableChange): void {
    const before = this.#revision;
    this.#revision = revision;
    try {
      this.#ports.onChange(change);
    } catch (error) {
      this.#revision = before;
      throw error;
    }
  }

  #collect(object: KubernetesObject): void {
    const owners = object.metadata.ownerReferences ?? [];
    if (owners.length === 0 || owners.some(({ uid }) => this.#uids.has(uid))) return;
    this.#delete(object);
  }

  #set(object: KubernetesObject): void {
    entry(this.#kinds, object.kind).set(keyOf(object.metadata), object);
    this.#uids.add(object.metadata.uid);
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      entry(this.#children, uid).set(object.metadata.uid, object);
    }
  }

  #forget(object: KubernetesObject): void {
    this.#kinds.get(object.kind)?.delete(keyOf(object.metadata));
    this.#uids.delete(object.metadata.uid);
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const siblings = this.#children.get(uid);
      siblings?.delete(object.metadata.uid);
      if (siblings?.size === 0) this.#children.delete(uid);
    }
  }
}

function identityOf({ kind, metadata }: Pick<NewObject, 'kind' | 'metadata'>): Identity {
  return { kind, namespace: metadata.namespace, name: metadata.name };
}

function entry<K, V>(maps: Map<K, Map<string, V>>, key: K): Map<string, V> {
  const existing = maps.get(key);
  if (existing !== undefined) return existing;
  const created = new Map<string, V>();
  maps.set(key, created);
  return created;
}
