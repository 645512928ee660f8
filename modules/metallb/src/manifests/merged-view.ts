import { isDeepStrictEqual } from 'node:util';
import { type KubernetesObject, keyOf } from '../api/object.ts';
import { describeObject } from '../store/apply-patch.ts';
import type { ObjectRef } from '../store/store.ts';
import { type Fragment, isMadeByNodes, madeObject, mergeStatus } from './fragments.ts';
import type { BaseObject } from './published-objects.ts';

/** Told when what programs see of an object has changed. */
export interface ViewEvents {
  readonly onChanged: (object: KubernetesObject, previous: KubernetesObject | undefined) => void;
  readonly onDeleted: (object: KubernetesObject) => void;
}

interface Entry {
  readonly base: BaseObject;
  readonly merged: KubernetesObject;
}

/** Objects as programs see them: the controller's, with the nodes' fragments merged in. */
export class MergedView {
  readonly #events: ViewEvents;
  readonly #kinds = new Map<string, Map<string, Entry>>();
  readonly #fragments = new Map<string, Map<string, Fragment>>();
  readonly #files = new Map<string, ReadonlyMap<string, Fragment>>();

  constructor(events: ViewEvents) {
    this.#events = events;
  }

  *list(kind: string): Iterable<KubernetesObject> {
    for (const { merged } of this.#kinds.get(kind)?.values() ?? []) yield merged;
  }

  get(ref: ObjectRef): KubernetesObject | undefined {
    return this.#entry(ref)?.merged;
  }

  base(ref: ObjectRef): BaseObject | undefined {
    return this.#entry(ref)?.base;
  }

  /** Fragments in force for the object, but those of one node. */
  fragmentsOf(ref: ObjectRef, exceptNode?: string): Fragment[] {
    return this.#fragmentsFor(ref, this.base(ref)).filter(({ node }) => node !== exceptNode);
  }

  setBase(base: BaseObject): void {
    const { kind, metadata } = base;
    const ref: ObjectRef = { kind, namespace: metadata.namespace, name: metadata.name };
    let previous = this.get(ref);
    if (previous !== undefined && previous.metadata.uid !== metadata.uid) {
      this.deleteBase(ref);
      previous = undefined;
    }
    const merged = this.#merge(ref, base);
    const entries = this.#kinds.get(kind) ?? new Map<string, Entry>();
    this.#kinds.set(kind, entries.set(keyOf(metadata), { base, merged }));
    if (!isDeepStrictEqual(merged, previous)) this.#events.onChanged(merged, previous);
  }

  /** Shows the fragments as they are now. */
  refresh(ref: ObjectRef): void {
    const base = isMadeByNodes(ref.kind) ? this.#made(ref) : this.base(ref);
    if (base !== undefined) this.setBase(base);
    else this.deleteBase(ref);
  }

  #made(ref: ObjectRef): BaseObject | undefined {
    const fragments = this.#fragments.get(describeObject(ref));
    return fragments && madeObject(ref, [...fragments.values()]);
  }

  deleteBase(ref: ObjectRef): void {
    const entry = this.#entry(ref);
    if (entry === undefined) return;
    this.#kinds.get(ref.kind)?.delete(keyOf(ref));
    this.#events.onDeleted(entry.merged);
  }

  /**
   * Replaces all that a file of a node says. Objects show it after `refresh`, or with their next base.
   *
   * @returns the objects that it changes
   */
  setFragments(file: string, fragments: readonly Fragment[]): ObjectRef[] {
    const before = this.#files.get(file) ?? new Map<string, Fragment>();
    const after = new Map(fragments.map((fragment) => [describeObject(fragment), fragment]));
    this.#files.set(file, after);
    const changed: ObjectRef[] = [];
    for (const [id, fragment] of before) {
      if (after.has(id)) continue;
      this.dropFragment(fragment, fragment.node);
      changed.push(fragment);
    }
    for (const [id, fragment] of after) {
      if (isDeepStrictEqual(before.get(id), fragment)) continue;
      this.setFragment(fragment);
      changed.push(fragment);
    }
    return changed.filter((ref) => this.#isStale(ref));
  }

  /** Replaces what a node says of one object. The object shows it after `refresh`. */
  setFragment(fragment: Fragment): void {
    const id = describeObject(fragment);
    const ofObject = this.#fragments.get(id) ?? new Map<string, Fragment>();
    this.#fragments.set(id, ofObject.set(fragment.node, fragment));
  }

  /** Takes back what a node says of one object. The object shows it after `refresh`. */
  dropFragment(ref: ObjectRef, node: string): void {
    const id = describeObject(ref);
    const ofObject = this.#fragments.get(id);
    ofObject?.delete(node);
    if (ofObject?.size === 0) this.#fragments.delete(id);
  }

  #isStale(ref: ObjectRef): boolean {
    if (isMadeByNodes(ref.kind)) return true;
    const entry = this.#entry(ref);
    if (entry === undefined) return false;
    return !isDeepStrictEqual(this.#merge(ref, entry.base).status, entry.merged.status);
  }

  #merge(ref: ObjectRef, base: BaseObject): KubernetesObject {
    const { origin: _origin, ...object } = base;
    const status = mergeStatus(base.status, this.#fragmentsFor(ref, base));
    return status === undefined ? object : { ...object, status };
  }

  #fragmentsFor(ref: ObjectRef, base: BaseObject | undefined): Fragment[] {
    const all = [...(this.#fragments.get(describeObject(ref))?.values() ?? [])];
    return all.filter(({ uid }) => uid === base?.metadata.uid);
  }

  #entry(ref: ObjectRef): Entry | undefined {
    return this.#kinds.get(ref.kind)?.get(keyOf(ref));
  }
}
