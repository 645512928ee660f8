import { type KubernetesObject, keyOf } from '../api/object.ts';
import type { Kind, Watch, WatchEvent } from '../store/store.ts';
import type { LegacyConfigMap } from './legacy-config-map.ts';

type Objects = ReadonlyMap<string, KubernetesObject>;

/**
 * One watch of a kind, which tells of the kind's own objects and of those of the ConfigMap. An own object hides the one
 * of the ConfigMap that has its name.
 *
 * Invariant: what has been told since the last `listed` is `#told`.
 */
export class MergedWatch {
  readonly kind: Kind;
  readonly #legacy: LegacyConfigMap;
  readonly #onEvent: (event: WatchEvent) => void;
  #own = new Map<string, KubernetesObject>();
  /** Undefined until they are listed, and while they can't be. */
  #ownRevision: number | undefined;
  #told: Objects = new Map();
  #listening: Watch | undefined;

  constructor(kind: Kind, legacy: LegacyConfigMap, onEvent: (event: WatchEvent) => void) {
    this.kind = kind;
    this.#legacy = legacy;
    this.#onEvent = onEvent;
  }

  start(): void {
    this.#listening = this.#legacy.listen((type) => this.#hearLegacy(type));
    if (this.#legacy.lost !== undefined) this.#hearLegacy('lost');
  }

  stop(): void {
    this.#listening?.stop();
  }

  /** The object of the ConfigMap with this key, unless the kind has one of its own. */
  shown(key: string): KubernetesObject | undefined {
    return this.#own.has(key) ? undefined : this.#told.get(key);
  }

  /** What the watch of the kind itself tells. */
  hear(event: WatchEvent): void {
    if (event.type === 'lost') {
      this.#ownRevision = undefined;
      this.#onEvent(event);
      return;
    }
    this.#ownRevision = Math.max(this.#ownRevision ?? 0, event.revision);
    if (event.type === 'listed') {
      this.#own = new Map(event.objects.map((object) => [keyOf(object.metadata), object]));
    }
    if (event.type === 'changed') this.#own.set(keyOf(event.object.metadata), event.object);
    if (event.type === 'deleted') this.#own.delete(keyOf(event.object.metadata));
    this.#tell(event.type);
  }

  #hearLegacy(type: WatchEvent['type']): void {
    const { lost } = this.#legacy;
    if (lost === undefined) this.#tell(type);
    else this.#onEvent({ type: 'lost', error: lost });
  }

  /** @param type of the event that may have changed what there is */
  #tell(type: WatchEvent['type']): void {
    const [own, legacy] = [this.#ownRevision, this.#legacy.revision];
    if (own === undefined || legacy === undefined) return;
    const revision = Math.max(own, legacy);
    const before = this.#told;
    this.#told = this.#merged();
    if (type === 'listed') {
      this.#onEvent({ type, objects: [...this.#told.values()], revision });
      return;
    }
    for (const [key, object] of this.#told) {
      if (before.get(key) !== object) this.#onEvent({ type: 'changed', object, revision });
    }
    for (const [key, object] of before) {
      if (!this.#told.has(key)) this.#onEvent({ type: 'deleted', object, revision });
    }
    if (type === 'bookmark') this.#onEvent({ type, revision });
  }

  #merged(): Objects {
    const shown = this.#legacy.objectsOf(this.kind);
    return new Map([
      ...shown.map((object) => [keyOf(object.metadata), object] as const),
      ...this.#own,
    ]);
  }
}
