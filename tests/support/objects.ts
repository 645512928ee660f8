import {
  CHILD_API_VERSION,
  CHILD_KIND,
  CLASS_API_VERSION,
  CLASS_KIND,
} from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject, OwnerReference } from '../../modules/metallb/src/api/object.ts';
import type { NewObject, ObjectRef } from '../../modules/metallb/src/store/store.ts';

/** A Service as a user writes it. */
export function serviceObject(name: string, spec: object = { type: 'LoadBalancer' }): NewObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec };
}

/** A Node with these labels. */
export function nodeObject(name: string, labels: Record<string, string> = {}): NewObject {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } };
}

/** A class with one address range. */
export function classObject(name: string): NewObject {
  return {
    apiVersion: CLASS_API_VERSION,
    kind: CLASS_KIND,
    metadata: { name },
    spec: { type: 'L2', addressPool: ['192.0.2.10-192.0.2.19'] },
  };
}

/** A child as the controller creates it, owned by `owner` if given. */
export function childObject(
  name: string,
  { labels, owner }: { labels?: Record<string, string>; owner?: KubernetesObject } = {},
): NewObject {
  return {
    apiVersion: CHILD_API_VERSION,
    kind: CHILD_KIND,
    metadata: {
      name,
      namespace: 'default',
      ...(labels === undefined ? {} : { labels }),
      ...(owner === undefined ? {} : { ownerReferences: [ownerReference(owner)] }),
    },
    spec: { serviceRef: { name: 'web' } },
  };
}

/** The reference to a namespaced child in `default`. */
export function childRef(name: string): ObjectRef {
  return { kind: CHILD_KIND, namespace: 'default', name };
}

/** The reference to a Service in `default`. */
export function serviceRef(name: string): ObjectRef {
  return { kind: 'Service', namespace: 'default', name };
}

function ownerReference({ apiVersion, kind, metadata }: KubernetesObject): OwnerReference {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true };
}
