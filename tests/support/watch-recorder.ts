import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { keyOf } from '../../modules/metallb/src/api/object.ts';
import type { Store, WatchEvent, WatchOptions } from '../../modules/metallb/src/store/store.ts';

type EventOf<T extends WatchEvent['type']> = Extract<WatchEvent, { type: T }>;

/** Hears a watch, and lets a test await the next event it cares for, whether that came already or is still to come. */
export class WatchRecorder {
  readonly #unread: WatchEvent[] = [];
  #onEvent: () => void = () => undefined;
  readonly stop: () => void;

  constructor(store: Store, options: WatchOptions) {
    const watch = store.watch(options, (event) => {
      this.#unread.push(event);
      this.#onEvent();
    });
    this.stop = () => watch.stop();
  }

  /** The next event that fits; those before it are skipped. Only the runner's timeout bounds the wait. */
  async next<T extends WatchEvent['type']>(
    type: T,
    fits: (event: EventOf<T>) => boolean = () => true,
  ): Promise<EventOf<T>> {
    for (;;) {
      for (let event = this.#unread.shift(); event !== undefined; event = this.#unread.shift()) {
        if (isOfType(event, type) && fits(event)) return event;
      }
      await new Promise<void>((resolve) => {
        this.#onEvent = resolve;
      });
    }
  }

  /** The next change of the object with this key to a state that fits. */
  async changed(
    key: string,
    fits: (object: KubernetesObject) => boolean = () => true,
  ): Promise<KubernetesObject> {
    const event = await this.next(
      'changed',
      ({ object }) => keyOf(object.metadata) === key && fits(object),
    );
    return event.object;
  }

  /** The next deletion of the object with this key. */
  async deleted(key: string): Promise<KubernetesObject> {
    const event = await this.next('deleted', ({ object }) => keyOf(object.metadata) === key);
    return event.object;
  }

  /** Types and keys of what has been heard and not yet read, e.g. `changed default/a`. */
  drain(): string[] {
    return this.#unread.splice(0).map((event) => {
      if (event.type === 'listed') return ['listed', ...keysOf(event.objects)].join(' ');
      if (event.type === 'lost' || event.type === 'bookmark') return event.type;
      return `${event.type} ${keyOf(event.object.metadata)}`;
    });
  }
}

/** The keys of objects, sorted. */
export function keysOf(objects: readonly KubernetesObject[]): string[] {
  return objects.map((object) => keyOf(object.metadata)).sort();
}

function isOfType<T extends WatchEvent['type']>(event: WatchEvent, type: T): event is EventOf<T> {
  return event.type === type;
}
