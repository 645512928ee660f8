import * as assert from 'uvu/assert';
import { type KubernetesObject, keyOf } from '../../modules/metallb/src/api/object.ts';
import type { Kind, Store, WatchEvent } from '../../modules/metallb/src/store/store.ts';

/** What a watch has told so far, as a reader of it knows it. */
export class SeenObjects {
  readonly objects = new Map<string, KubernetesObject>();
  readonly told: string[] = [];
  revision = 0;
  #onEvent: () => void = () => undefined;

  constructor(store: Store, kind: Kind, namespace?: string) {
    store.watch({ kind, ...(namespace !== undefined && { namespace }) }, (event) => {
      this.#hear(event);
      this.#onEvent();
    });
  }

  /** Only the runner's timeout bounds the wait. */
  async until(fits: (seen: SeenObjects) => boolean): Promise<this> {
    while (!fits(this)) {
      await new Promise<void>((resolve) => {
        this.#onEvent = resolve;
      });
    }
    return this;
  }

  /** The object with this key, once it fits. */
  async object(
    key: string,
    fits: (object: KubernetesObject) => boolean,
  ): Promise<KubernetesObject> {
    for (;;) {
      const object = this.objects.get(key);
      if (object !== undefined && fits(object)) return object;
      const { length } = this.told;
      await this.until(({ told }) => told.length > length);
    }
  }

  #hear(event: WatchEvent): void {
    this.told.push(event.type);
    if (event.type === 'lost') return;
    assert.ok(event.revision >= this.revision, `${event.type}: ${event.revision}`);
    this.revision = event.revision;
    if (event.type === 'bookmark') return;
    if (event.type === 'listed') this.objects.clear();
    for (const object of event.type === 'listed' ? event.objects : [event.object]) {
      assert.ok(
        event.type !== 'changed' || Number(object.metadata.resourceVersion) <= this.revision,
      );
      if (event.type === 'deleted') assert.ok(this.objects.delete(keyOf(object.metadata)));
      else this.objects.set(keyOf(object.metadata), object);
    }
  }
}
