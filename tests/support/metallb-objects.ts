import { CLASS_API_VERSION, METALLB_API_VERSION } from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';

export interface MetallbWish {
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly createdAt?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** An IPAddressPool in the release namespace unless wished otherwise. */
export function ipAddressPool(
  name: string,
  addresses: readonly string[],
  { spec, ...wish }: MetallbWish = {},
): KubernetesObject {
  return metallbObject('IPAddressPool', name, { ...wish, spec: { addresses, ...spec } });
}

/** An L2Advertisement of every pool on every node, in the release namespace, unless wished otherwise. */
export function l2Advertisement(name: string, wish: MetallbWish = {}): KubernetesObject {
  return metallbObject('L2Advertisement', name, wish);
}

/** Deckhouse's pool. */
export function metalLoadBalancerPool(
  name: string,
  addresses: readonly string[],
  spec: Readonly<Record<string, unknown>> = {},
): KubernetesObject {
  return {
    ...{ apiVersion: CLASS_API_VERSION, kind: 'MetalLoadBalancerPool', metadata: stamp(name) },
    spec: { addresses, ...spec },
  };
}

export function namespaceObject(
  name: string,
  labels: Readonly<Record<string, string>> = {},
): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { ...stamp(name), labels } };
}

function metallbObject(kind: string, name: string, wish: MetallbWish): KubernetesObject {
  const { namespace = 'metallb-system', labels, createdAt, spec = {} } = wish;
  const metadata = {
    ...stamp(name, createdAt),
    namespace,
    ...(labels && { labels }),
  };
  return { apiVersion: METALLB_API_VERSION, kind, metadata, spec };
}

function stamp(name: string, creationTimestamp = '2026-01-01T00:00:00Z') {
  return { name, uid: `uid-${name}`, resourceVersion: '1', creationTimestamp };
}
