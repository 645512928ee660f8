import type { KubernetesObject } from '../api/object.ts';
import type { JsonPatchOperation } from './store.ts';

/** A JSON pointer to the field that these names lead to (RFC 6901 section 3: `~` is `~0`, `/` is `~1`). */
export function pointerTo(...names: readonly string[]): string {
  return names.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Refuses the whole patch when the object has changed since it was read. */
export function testVersion(object: KubernetesObject): JsonPatchOperation {
  return { op: 'test', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion };
}

/**
 * Sets these fields of `status` and leaves its other fields alone; a field given as undefined is removed. For use
 * with `subresource: 'status'`.
 */
export function replaceStatus(
  object: KubernetesObject,
  fields: Readonly<Record<string, unknown>>,
): JsonPatchOperation[] {
  const existing: object | undefined = isObject(object.status) ? object.status : undefined;
  const patch: JsonPatchOperation[] = [testVersion(object)];
  if (existing === undefined) patch.push({ op: 'add', path: '/status', value: {} });
  for (const [field, value] of Object.entries(fields)) {
    const path = pointerTo('status', field);
    if (value !== undefined) patch.push({ op: 'add', path, value });
    else if (existing !== undefined && field in existing) patch.push({ op: 'remove', path });
  }
  return patch;
}

/** Sets a label, whatever other writers do to other labels meanwhile. Empty where the label has that value already. */
export function addLabel(
  object: KubernetesObject,
  name: string,
  value: string,
): JsonPatchOperation[] {
  const { labels } = object.metadata;
  if (labels?.[name] === value) return [];
  if (labels !== undefined) {
    return [{ op: 'add', path: pointerTo('metadata', 'labels', name), value }];
  }
  // Without the test, this would wipe out labels that somebody else adds at the same time.
  return [
    testVersion(object),
    { op: 'add', path: pointerTo('metadata', 'labels'), value: { [name]: value } },
  ];
}

/** Removes a label. Empty where the label is not there. */
export function removeLabel(object: KubernetesObject, name: string): JsonPatchOperation[] {
  const value = object.metadata.labels?.[name];
  if (value === undefined) return [];
  const path = pointerTo('metadata', 'labels', name);
  return [
    { op: 'test', path, value },
    { op: 'remove', path },
  ];
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
