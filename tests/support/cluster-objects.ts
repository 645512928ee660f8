import type { BindingContext } from '../../modules/metallb/hooks/lib/hook.ts';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import {
  ANNOTATION,
  CHILD_ANNOTATION,
  CHILD_API_VERSION,
  CHILD_KIND,
  CLASS_API_VERSION,
  CLASS_KIND,
} from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { patchObject } from '../../modules/metallb/src/store/apply-patch.ts';
import type { NewObject, Operation } from '../../modules/metallb/src/store/store.ts';

/** A Node with these labels. */
export function node(
  name: string,
  labels: Record<string, string> = {},
  annotations?: Record<string, string>,
): KubernetesObject {
  const metadata = { ...stamp(name), labels, ...(annotations && { annotations }) };
  return { apiVersion: 'v1', kind: 'Node', metadata };
}

/** A class whose pool is 192.0.2.10-192.0.2.19 unless wished otherwise. */
export function classOf(
  name: string,
  spec: Record<string, unknown> = {},
  creationTimestamp = '2026-01-01T00:00:00Z',
): KubernetesObject {
  return {
    apiVersion: CLASS_API_VERSION,
    kind: CLASS_KIND,
    metadata: { ...stamp(name), creationTimestamp },
    spec: { addressPool: ['192.0.2.10-192.0.2.19'], ...spec },
  };
}

export interface ServiceWish {
  readonly namespace?: string;
  readonly count?: number | string;
  readonly ips?: string;
  readonly sharedIpKey?: string;
  readonly forceAddress?: string;
  readonly classAnnotation?: string;
  readonly spec?: Record<string, unknown>;
  readonly status?: Record<string, unknown>;
  readonly uid?: string;
}

/** A Service of type LoadBalancer in `default` with port 80, unless wished otherwise. */
export function service(name: string, wish: ServiceWish = {}): KubernetesObject {
  const annotations = {
    ...(wish.count !== undefined && { [ANNOTATION.externalIpsCount]: String(wish.count) }),
    ...(wish.ips !== undefined && { [ANNOTATION.requestedIps]: wish.ips }),
    ...(wish.sharedIpKey !== undefined && { [ANNOTATION.sharedIpKey]: wish.sharedIpKey }),
    ...(wish.forceAddress !== undefined && { [ANNOTATION.forceAddress]: wish.forceAddress }),
    ...(wish.classAnnotation !== undefined && { [ANNOTATION.class]: wish.classAnnotation }),
  };
  const namespace = wish.namespace ?? 'default';
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      ...stamp(name, namespace),
      uid: wish.uid ?? `uid-${namespace}-${name}`,
      annotations,
    },
    spec: { type: 'LoadBalancer', ports: [{ port: 80, protocol: 'TCP' }], ...wish.spec },
    ...(wish.status && { status: wish.status }),
  };
}

/** The status of a Service that Deckhouse's module bound to this class. */
export const boundTo = (className: string) => ({
  status: {
    conditions: [
      {
        type: 'network.deckhouse.io/load-balancer-class',
        status: 'True',
        reason: 'LoadBalancerClassBound',
        message: className,
        lastTransitionTime: null,
      },
    ],
  },
});

/** A child as an older version or a store left it. */
export function child(
  name: string,
  of: { service: string; className: string; node?: string; ips?: readonly string[] },
  more: { metadata?: object; spec?: object; conditions?: readonly unknown[] } = {},
): KubernetesObject {
  const ingress = (of.ips ?? []).map((ip) => ({ ip }));
  return {
    apiVersion: CHILD_API_VERSION,
    kind: CHILD_KIND,
    metadata: {
      ...stamp(name, 'default'),
      annotations: {
        [CHILD_ANNOTATION.addressPool]: of.className,
        ...(of.node && { [CHILD_ANNOTATION.preferredNode]: of.node }),
      },
      ...more.metadata,
    },
    spec: {
      serviceRef: { namespace: 'default', name: of.service },
      ports: [{ port: 80 }],
      ...more.spec,
    },
    status: {
      ...(ingress.length > 0 && { loadBalancer: { ingress } }),
      ...(more.conditions && { conditions: more.conditions }),
    },
  };
}

export interface Cluster {
  readonly classes?: readonly KubernetesObject[];
  readonly nodes?: readonly KubernetesObject[];
  readonly services?: readonly KubernetesObject[];
  readonly children?: readonly KubernetesObject[];
  readonly advertisements?: readonly KubernetesObject[];
  readonly 'bgp-peers'?: readonly KubernetesObject[];
  readonly 'metal-load-balancer-configurations'?: readonly KubernetesObject[];
}

const NOTHING = {
  ...{ classes: [], nodes: [], services: [], children: [], advertisements: [] },
  ...{ 'bgp-peers': [], 'metal-load-balancer-configurations': [] },
};

/** The contexts that a hook gets when it sees all of the cluster. */
export function contextsOf(cluster: Cluster): BindingContext[] {
  const snapshots = Object.fromEntries(
    Object.entries({ ...NOTHING, ...cluster }).map(
      ([name, objects]: [string, readonly KubernetesObject[]]) => [
        name,
        objects.map((object) => ({ object })),
      ],
    ),
  );
  return [{ binding: 'services', snapshots }];
}

/** The objects that these operations create. */
export function createdBy(operations: readonly Operation[]): NewObject[] {
  return operations.flatMap((operation) => (operation.do === 'create' ? [operation.object] : []));
}

/** Names of what these operations delete. */
export function deletedBy(operations: readonly Operation[]): string[] {
  return operations.flatMap((operation) => (operation.do === 'delete' ? [operation.ref.name] : []));
}

/** `type=status/reason/message` after all patches of this object. */
export function conditionsAfter(
  object: KubernetesObject,
  operations: readonly Operation[],
): string[] {
  return listAt(patched(object, operations).status, 'conditions').map((condition) => {
    const of = (name: string) => valueAt(condition, name);
    return `${of('type')}=${of('status')}/${of('reason')}/${of('message')}`;
  });
}

/** The object after all patches of it. */
export function patched(
  object: KubernetesObject,
  operations: readonly Operation[],
): KubernetesObject {
  return operations
    .filter((operation) => operation.do === 'patch')
    .filter(({ ref }) => ref.kind === object.kind && ref.name === object.metadata.name)
    .reduce(patchObject, object);
}

function stamp(name: string, namespace?: string): KubernetesObject['metadata'] {
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    uid: `uid-${name}`,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  };
}
