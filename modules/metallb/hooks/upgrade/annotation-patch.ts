import type { KubernetesObject } from '../../src/api/object.ts';
import { pointerTo, testVersion } from '../../src/store/json-patch.ts';
import type { JsonPatchOperation } from '../../src/store/store.ts';

/** Sets annotations and leaves the others alone. Empty where they are so already. */
export function annotationPatch(
  object: KubernetesObject,
  wanted: Readonly<Record<string, string>>,
): JsonPatchOperation[] {
  const { annotations } = object.metadata;
  const differing = Object.entries(wanted).filter(([name, value]) => annotations?.[name] !== value);
  if (differing.length === 0) return [];
  if (annotations === undefined) {
    const value = Object.fromEntries(differing);
    // Without the test, this would wipe out what somebody else adds at the same time.
    return [testVersion(object), { op: 'add', path: '/metadata/annotations', value }];
  }
  return differing.map(([name, value]) => ({
    op: 'add',
    path: pointerTo('metadata', 'annotations', name),
    value,
  }));
}
