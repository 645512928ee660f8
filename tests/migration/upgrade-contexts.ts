import type { BindingContext } from '../../modules/metallb/hooks/lib/hook.ts';
import { valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import type { Operation } from '../../modules/metallb/src/store/store.ts';

/** The ModuleConfig of the module with these settings. */
export function moduleConfig(
  version: number,
  settings: Readonly<Record<string, unknown>>,
): KubernetesObject {
  return {
    apiVersion: 'deckhouse.io/v1alpha1',
    kind: 'ModuleConfig',
    metadata: stamp('metallb'),
    spec: { enabled: true, version, settings },
  };
}

/** An IPAddressPool or L2Advertisement in the module's namespace, unless wished otherwise. */
export function metallbObject(
  kind: 'IPAddressPool' | 'L2Advertisement',
  name: string,
  spec: object,
  metadata: object = {},
): KubernetesObject {
  return {
    apiVersion: 'metallb.io/v1beta1',
    kind,
    metadata: { ...stamp(name), namespace: 'd8-metallb', ...metadata },
    spec,
  };
}

const SNAPSHOT: Readonly<Record<string, string>> = {
  ModuleConfig: 'module-configs',
  IPAddressPool: 'ip-address-pools',
  L2Advertisement: 'l2-advertisements',
  MetalLoadBalancerClass: 'classes',
  Service: 'services',
  SDNInternalL2LBService: 'children',
};

/** What addon-operator hands to a hook before Helm. */
export function beforeHelm(...objects: readonly KubernetesObject[]): BindingContext[] {
  const snapshots: Record<string, { object: KubernetesObject }[]> = {};
  for (const name of Object.values(SNAPSHOT)) snapshots[name] = [];
  for (const object of objects) {
    const name = SNAPSHOT[object.kind] ?? object.kind;
    snapshots[name] = [...(snapshots[name] ?? []), { object }];
  }
  return [{ binding: 'beforeHelm', snapshots }];
}

/** The specs of what is created, by `Kind/name`. */
export function createdSpecs(operations: readonly Operation[]): Record<string, unknown> {
  return Object.fromEntries(
    operations.flatMap((operation) =>
      operation.do === 'create'
        ? [[`${operation.object.kind}/${operation.object.metadata.name}`, operation.object.spec]]
        : [],
    ),
  );
}

/** What is said to be lost of each created object. */
export function lossesOf(operations: readonly Operation[]): Record<string, unknown> {
  return Object.fromEntries(
    operations.flatMap((operation) => {
      const created = operation.do === 'create' ? operation.object : undefined;
      const lost = valueAt(created, 'metadata', 'annotations', 'network.deckhouse.io/not-migrated');
      return lost === undefined ? [] : [[created?.metadata.name, lost]];
    }),
  );
}

function stamp(name: string): KubernetesObject['metadata'] {
  const creationTimestamp = '2025-01-01T00:00:00Z';
  return { name, uid: `uid-${name}`, resourceVersion: '1', creationTimestamp };
}
