import type { Child } from '../../src/api/child.ts';
import type { KubernetesObject, ObjectMeta } from '../../src/api/object.ts';
import { keyOf } from '../../src/api/object.ts';

/**
 * Whose a child is, seen from the Service of that name that exists now:
 * `own`; `stale`: of a Service of this name that is gone; `foreign`: of another Service or another kind of owner.
 * A child without owner (Deckhouse's Helm release wrote it) belongs to the Service that it names.
 */
export function ownershipOf(
  child: { readonly object: KubernetesObject; readonly value: Child },
  service: Pick<ObjectMeta, 'name' | 'namespace'> & { readonly uid?: string },
): 'own' | 'stale' | 'foreign' {
  if (keyOf(child.value.serviceRef) !== keyOf(service)) return 'foreign';
  if (child.object.metadata.namespace !== service.namespace) return 'foreign';
  const controller = child.object.metadata.ownerReferences?.find(
    (owner) => owner.controller === true,
  );
  if (controller === undefined) return service.uid === undefined ? 'stale' : 'own';
  if (controller.kind !== 'Service' || controller.name !== service.name) return 'foreign';
  return controller.uid === service.uid ? 'own' : 'stale';
}
