import type { KubernetesObject } from '../api/object.ts';
import type { Problem } from '../api/problem.ts';
import type { Kind, Store, Watch, WatchEvent } from '../store/store.ts';
import { shownObjects } from './shown-objects.ts';

/** Where the ConfigMap is. */
export interface ConfigMapName {
  readonly namespace: string;
  readonly name: string;
}

export interface LegacyConfigMapPorts {
  readonly store: Pick<Store, 'watch'>;
  /** What is wrong with a version, once for each, nothing where all of it is right; and what is in force. */
  readonly onRead: (problems: readonly Problem[], objects: readonly KubernetesObject[]) => void;
}

/**
 * The objects that a ConfigMap of MetalLB stands for, as long as it is watched. A version with any problem is not taken
 * up while there is a good one, as MetalLB had it. Where there is none, as after a start, what can be read of it counts.
 */
export class LegacyConfigMap {
  readonly #ports: LegacyConfigMapPorts;
  readonly #ref: ConfigMapName;
  readonly #listeners = new Set<(event: WatchEvent['type']) => void>();
  #watch: Watch | undefined;
  #objects: readonly KubernetesObject[] = [];
  /** Of the ConfigMap with the good version. */
  #goodUid: string | undefined;
  #toldVersion: string | undefined;
  #synced = false;
  #lost: Error | undefined;
  #revision = 0;

  constructor(ports: LegacyConfigMapPorts, ref: ConfigMapName) {
    this.#ports = ports;
    this.#ref = ref;
  }

  /** Undefined until the ConfigMap has been looked for, and while it can't be. */
  get revision(): number | undefined {
    return this.#synced && this.#lost === undefined ? this.#revision : undefined;
  }

  /** Why it can't be looked for. */
  get lost(): Error | undefined {
    return this.#lost;
  }

  objectsOf(kind: Kind): readonly KubernetesObject[] {
    return this.#objects.filter((object) => object.kind === kind);
  }

  /** Told after each event of the ConfigMap, by its type. */
  listen(listener: (event: WatchEvent['type']) => void): Watch {
    this.#listeners.add(listener);
    const options = { kind: 'ConfigMap', ...this.#ref } as const;
    this.#watch ??= this.#ports.store.watch(options, (event) => this.#hear(event));
    return {
      stop: () => {
        this.#listeners.delete(listener);
      },
    };
  }

  #hear(event: WatchEvent): void {
    this.#lost = event.type === 'lost' ? event.error : undefined;
    if (event.type !== 'lost') this.#revision = Math.max(this.#revision, event.revision);
    if (event.type === 'listed') {
      this.#synced = true;
      this.#take(event.objects[0]);
    }
    if (event.type === 'changed') this.#take(event.object);
    if (event.type === 'deleted') this.#take(undefined);
    for (const listener of this.#listeners) listener(event.type);
  }

  #take(configMap: KubernetesObject | undefined): void {
    if (configMap === undefined) {
      this.#objects = [];
      this.#goodUid = undefined;
      this.#tell('', [this.#missing()]);
      return;
    }
    const { uid, resourceVersion } = configMap.metadata;
    const { objects, problems } = shownObjects(configMap);
    if (problems.length === 0 || this.#goodUid !== uid) {
      this.#objects = objects;
      this.#goodUid = problems.length > 0 ? undefined : uid;
    }
    this.#tell(`${uid} ${resourceVersion}`, problems);
  }

  #tell(version: string, problems: readonly Problem[]): void {
    if (this.#toldVersion === version) return;
    this.#toldVersion = version;
    this.#ports.onRead(problems, this.#objects);
  }

  #missing(): Problem {
    const object = `ConfigMap/${this.#ref.namespace}/${this.#ref.name}`;
    const expected = "expected MetalLB's configuration, as the setting legacy-config-map says";
    return { object, field: '(whole object)', value: undefined, expected };
  }
}
