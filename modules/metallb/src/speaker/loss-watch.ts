import type { Store } from '../store/store.ts';

/** Who is told that the store can't be reached, and that it can again. */
export interface LossHandler {
  readonly onLost: (error: Error) => void;
  readonly onReached: () => void;
}

/** The same store, whose watches also tell when it is lost: what is mirrored stands still from then on. */
export function watchLoss(store: Store, handler: LossHandler): Store {
  return {
    watch: (options, onEvent) =>
      store.watch(options, (event) => {
        if (event.type === 'lost') handler.onLost(event.error);
        else if (event.type === 'listed') handler.onReached();
        onEvent(event);
      }),
    relist: () => store.relist(),
    write: (operation) => store.write(operation),
    start: () => store.start(),
    stop: () => store.stop(),
  };
}
