import type { KubernetesObject } from '../api/object.ts';
import { NotFoundError, StoreUnavailableError } from '../store/errors.ts';
import type {
  Kind,
  NewObject,
  Operation,
  Store,
  Watch,
  WatchEvent,
  WatchOptions,
} from '../store/store.ts';
import type { Clock } from '../time/clock.ts';
import type { ConnectedClient } from './api-client.ts';
import { JSON_PATCH } from './api-request.ts';
import { knownKind, objectPath, ownCollectionPath, parseApiObject } from './kinds.ts';
import { ListWatch } from './list-watch.ts';
import type { UnreadableWatchError } from './watch-stream.ts';

export interface KubeStorePorts {
  readonly client: ConnectedClient;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** The API server sent what can't be understood of this kind; all of it is listed again. */
  readonly onUnreadable: (kind: Kind, error: UnreadableWatchError) => void;
  /** The kind has no definition here, and so no objects; it is asked for again. */
  readonly onUndefined?: (kind: Kind) => void;
}

interface Watcher {
  readonly options: WatchOptions;
  readonly onEvent: (event: WatchEvent) => void;
  /** While the store runs. */
  listWatch: ListWatch | undefined;
}

/** The cluster's state in its API server. */
export class KubeStore implements Store {
  readonly #ports: KubeStorePorts;
  readonly #watchers = new Set<Watcher>();
  readonly #ending = new Set<Promise<void>>();
  #isRunning = false;

  constructor(ports: KubeStorePorts) {
    this.#ports = ports;
  }

  watch(options: WatchOptions, onEvent: (event: WatchEvent) => void): Watch {
    const watcher: Watcher = { options, onEvent, listWatch: undefined };
    this.#watchers.add(watcher);
    if (this.#isRunning) this.#open(watcher);
    return {
      stop: () => {
        this.#watchers.delete(watcher);
        this.#close(watcher);
      },
    };
  }

  relist(): void {
    for (const { listWatch } of this.#watchers) listWatch?.relist();
  }

  async write(operation: Operation): Promise<KubernetesObject | undefined> {
    switch (operation.do) {
      case 'create':
        return this.#create(operation.object);
      case 'patch':
        return this.#patch(operation);
      case 'delete':
        return this.#delete(operation);
    }
  }

  /** Watches begin. An API server that can't be reached is no error: they tell `lost`, and go on trying. */
  async start(): Promise<void> {
    this.#isRunning = true;
    for (const watcher of this.#watchers) this.#open(watcher);
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    for (const watcher of this.#watchers) this.#close(watcher);
    await Promise.all(this.#ending);
  }

  #open(watcher: Watcher): void {
    if (watcher.listWatch !== undefined) return;
    const { client, clock, random, onUnreadable, onUndefined } = this.#ports;
    const { options, onEvent } = watcher;
    watcher.listWatch = new ListWatch(
      {
        client,
        clock,
        random,
        onEvent,
        onUnreadable: (error) => onUnreadable(options.kind, error),
        onUndefined: () => onUndefined?.(options.kind),
      },
      options,
    );
    watcher.listWatch.start();
  }

  #close(watcher: Watcher): void {
    const { listWatch } = watcher;
    if (listWatch === undefined) return;
    watcher.listWatch = undefined;
    const ending = listWatch.stop().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  async #create(object: NewObject): Promise<KubernetesObject> {
    const kind = knownKind(object.kind);
    const { namespace, name } = object.metadata;
    const path = ownCollectionPath(kind, namespace, name);
    return wholeObject(
      kind,
      await this.#ports.client.request({ method: 'POST', path, body: object }),
    );
  }

  /** What the API server refuses without saying why is a conflict when the patch holds a `test`. */
  async #patch({ ref, subresource, patch }: Extract<Operation, { do: 'patch' }>) {
    const path = subresource === undefined ? objectPath(ref) : `${objectPath(ref)}/${subresource}`;
    const answer = await this.#ports.client.request({
      ...{ method: 'PATCH', path, body: patch, contentType: JSON_PATCH },
    });
    return wholeObject(ref.kind, answer);
  }

  async #delete({ ref, uid }: Extract<Operation, { do: 'delete' }>): Promise<undefined> {
    const body = {
      ...{ apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' },
      ...(uid === undefined ? {} : { preconditions: { uid } }),
    };
    try {
      await this.#ports.client.request({ method: 'DELETE', path: objectPath(ref), body });
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
    return undefined;
  }
}

function wholeObject(kind: Kind, answer: unknown): KubernetesObject {
  const object = parseApiObject(kind, answer);
  if (object !== undefined) return object;
  throw new StoreUnavailableError(`the answer is no ${kind}`);
}
