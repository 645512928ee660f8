import { LRUCache } from 'lru-cache';
import type { KubernetesObject } from '../api/object.ts';
import { describeObject } from '../store/apply-patch.ts';
import type { Occurrence } from '../store/event-sink.ts';
import type { ObjectRef, Operation, Store } from '../store/store.ts';
import { eventsOfChange } from './events-of-change.ts';

export interface Narration {
  /** The object as the watch told it last. */
  readonly known: (ref: ObjectRef) => KubernetesObject | undefined;
  readonly tell: (occurrence: Occurrence) => void;
}

/** Objects that were written a moment ago and that the watch may not have told yet. */
const MAX_WRITTEN = 1_024;

/** The same store, which tells what each write has brought about once it has succeeded. */
export function narratedStore(store: Store, { known, tell }: Narration): Store {
  const written = new LRUCache<string, KubernetesObject>({ max: MAX_WRITTEN });
  const baseOf = (operation: Operation): KubernetesObject | undefined => {
    if (operation.do !== 'patch') return undefined;
    const version = testedVersion(operation);
    const candidates = [written.get(describeObject(operation.ref)), known(operation.ref)];
    return candidates.find((object) => object?.metadata.resourceVersion === version);
  };
  return {
    watch: (options, onEvent) => store.watch(options, onEvent),
    relist: () => store.relist(),
    write: async (operation) => {
      const before = baseOf(operation);
      const after = await store.write(operation);
      if (after === undefined) return undefined;
      written.set(describeObject({ kind: after.kind, ...after.metadata }), after);
      // Without what it was based on, nobody can say what is new; what was just created has had nothing.
      if (before !== undefined) for (const each of eventsOfChange(before, after)) tell(each);
      return after;
    },
    start: () => store.start(),
    stop: () => store.stop(),
  };
}

/** The version of the object that the patch insists on. */
function testedVersion({ patch }: Extract<Operation, { do: 'patch' }>): unknown {
  const test = patch.find(({ op, path }) => op === 'test' && path === '/metadata/resourceVersion');
  return test?.op === 'test' ? test.value : undefined;
}
