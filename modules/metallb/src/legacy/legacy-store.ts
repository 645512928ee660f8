import { keyOf } from '../api/object.ts';
import { CONVERTED_KINDS } from '../migration/conversion.ts';
import { describeObject } from '../store/apply-patch.ts';
import { InvalidError } from '../store/errors.ts';
import type { ObjectRef, Store, Watch, WatchEvent, WatchOptions } from '../store/store.ts';
import {
  type ConfigMapName,
  LegacyConfigMap,
  type LegacyConfigMapPorts,
} from './legacy-config-map.ts';
import { MergedWatch } from './merged-watch.ts';

/**
 * The same store, in which a ConfigMap of MetalLB 0.12 or older looks like the objects that say the same. A status that
 * is written to one of these is dropped: there is nowhere to keep it. Without a name it is the store itself.
 */
export function legacyStore(
  store: Store,
  ref: ConfigMapName | undefined,
  onRead: LegacyConfigMapPorts['onRead'],
): Store {
  if (ref === undefined) return store;
  const legacy = new LegacyConfigMap({ store, onRead }, ref);
  const merged = new Set<MergedWatch>();
  const watchMerged = (options: WatchOptions, onEvent: (event: WatchEvent) => void): Watch => {
    const both = new MergedWatch(options.kind, legacy, onEvent);
    merged.add(both);
    both.start();
    const own = store.watch(options, (event) => both.hear(event));
    return {
      stop: () => {
        merged.delete(both);
        both.stop();
        own.stop();
      },
    };
  };
  const shownAt = (object: ObjectRef) =>
    [...merged].find(({ kind }) => kind === object.kind)?.shown(keyOf(object));
  return {
    watch: (options, onEvent) =>
      mayShow(options, ref) ? watchMerged(options, onEvent) : store.watch(options, onEvent),
    relist: () => store.relist(),
    write: async (operation) => {
      const shown = operation.do === 'create' ? undefined : shownAt(operation.ref);
      if (operation.do === 'create' || shown === undefined) return await store.write(operation);
      if (operation.do === 'patch' && operation.subresource === 'status') return shown;
      throw new InvalidError(
        `${describeObject(operation.ref)} is in ConfigMap ${keyOf(ref)}: it is changed there`,
      );
    },
    start: () => store.start(),
    stop: () => store.stop(),
  };
}

/** They are in the namespace of the ConfigMap, and have no labels. */
function mayShow(
  { kind, namespace, name, labels = {} }: WatchOptions,
  ref: ConfigMapName,
): boolean {
  return (
    CONVERTED_KINDS.has(kind) &&
    name === undefined &&
    (namespace === undefined || namespace === ref.namespace) &&
    Object.keys(labels).length === 0
  );
}
