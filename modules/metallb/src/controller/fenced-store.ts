import type { KubernetesObject } from '../api/object.ts';
import { NotLeadingError } from '../store/errors.ts';
import type { Operation, Store } from '../store/store.ts';

/**
 * The same store, which refuses every write while `leads` says no. It is asked at the moment of each write: a process
 * that was stopped in between learns only then how late it is.
 */
export function fencedStore(store: Store, leads: () => boolean): Store {
  return {
    watch: (options, onEvent) => store.watch(options, onEvent),
    relist: () => store.relist(),
    write: async (operation: Operation): Promise<KubernetesObject | undefined> => {
      if (!leads()) throw new NotLeadingError('this controller does not lead: nothing is written');
      return await store.write(operation);
    },
    start: () => store.start(),
    stop: () => store.stop(),
  };
}
