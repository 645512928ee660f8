import type { Child } from '../../src/api/child.ts';
import { type KubernetesObject, keyOf } from '../../src/api/object.ts';

/** An object as it is stored, beside what it means. */
export interface Observed<T> {
  readonly object: KubernetesObject;
  readonly value: T;
}

/** Children by what hooks ask for; a program answers from an index. */
export interface ChildLookup {
  /** Those whose serviceRef names this Service (`namespace/name`). */
  ofService(serviceKey: string): readonly Observed<Child>[];
  /** Whatever holds this `namespace/name`, readable or not. */
  holderOf(key: string): KubernetesObject | undefined;
}

/** A lookup over a whole snapshot. */
export function lookupOf(
  children: readonly Observed<Child>[],
  objects: readonly KubernetesObject[],
): ChildLookup {
  const byName = new Map(objects.map((object) => [keyOf(object.metadata), object]));
  const byService = groupBy(children, ({ value }) => keyOf(value.serviceRef));
  return {
    ofService: (serviceKey) => byService.get(serviceKey) ?? [],
    holderOf: (key) => byName.get(key),
  };
}

/** Items by key, both in the order in which they came. */
export function groupBy<T>(items: readonly T[], keyOfItem: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOfItem(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
