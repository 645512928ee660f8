/**
 * Works on all items, `lanes` of them at a time. After a failure nothing more is begun in its lane, and everything
 * settles before the first failure is thrown: nothing is still under way then.
 */
export async function inLanes<Item>(
  lanes: number,
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const lane = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  for (const outcome of await Promise.allSettled(Array.from({ length: lanes }, lane))) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}
