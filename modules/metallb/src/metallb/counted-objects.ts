import type { ObjectMeta } from '../api/object.ts';

interface Named {
  readonly metadata: Pick<ObjectMeta, 'name' | 'namespace'>;
}

/** Those in namespaces that count, by name, those of one name in the order of the namespaces. */
export function counted<T extends Named>(
  objects: Iterable<T>,
  namespaces: readonly string[],
): readonly T[] {
  const rankOf = ({ metadata }: T) => namespaces.indexOf(metadata.namespace ?? '');
  return [...objects]
    .filter((object) => rankOf(object) >= 0)
    .sort((a, b) => compare(a.metadata.name, b.metadata.name) || rankOf(a) - rankOf(b));
}

/** Likewise for a kind that others know by bare names: of those of one name the first counts. */
export function countedByName<T extends Named>(
  objects: Iterable<T>,
  namespaces: readonly string[],
): ReadonlyMap<string, T> {
  const byName = new Map<string, T>();
  for (const object of counted(objects, namespaces)) {
    if (!byName.has(object.metadata.name)) byName.set(object.metadata.name, object);
  }
  return byName;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
