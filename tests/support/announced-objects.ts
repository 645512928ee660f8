import type { NewObject } from '../../modules/metallb/src/store/store.ts';

const NAMESPACE = 'metallb-system';

/** An IPAddressPool of 203.0.113.0/24 in the release namespace. */
export function addressPool(
  name: string,
  spec: object = {},
  metadata: { readonly namespace?: string; readonly labels?: Record<string, string> } = {},
): NewObject {
  return {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name, namespace: NAMESPACE, ...metadata },
    spec: { addresses: ['203.0.113.0/24'], ...spec },
  };
}

/** An L2Advertisement about every pool, on every node, unless wished otherwise. */
export function advertisement(name: string, spec: object = {}, namespace = NAMESPACE): NewObject {
  return {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'L2Advertisement',
    metadata: { name, namespace },
    spec,
  };
}

interface Wish {
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly spec?: object;
  readonly boundTo?: string;
  /** Given by another load balancer: this module's controller says nothing of it. */
  readonly isForeign?: boolean;
  readonly created?: string;
}

/** A Service of MetalLB's API in `default` that has its IPs. */
export function announcedService(name: string, ips: readonly string[], wish: Wish = {}): NewObject {
  const binding = { type: 'network.deckhouse.io/load-balancer-class', message: wish.boundTo };
  const own = { type: 'metallb.io/ip-address-pool' };
  const conditions = [...(wish.boundTo ? [binding] : []), ...(wish.isForeign ? [] : [own])];
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: 'default',
      ...(wish.created && { creationTimestamp: wish.created, uid: name }),
      labels: wish.labels ?? {},
      annotations: wish.annotations ?? {},
    },
    spec: { type: 'LoadBalancer', ...wish.spec },
    status: {
      loadBalancer: { ingress: ips.map((ip) => ({ ip })) },
      conditions: conditions.map((condition) => ({ ...condition, status: 'True' })),
    },
  };
}

/** Who announces an IP of a Service, as its speaker has told. */
export function l2Status(
  service: string,
  ip: string,
  announcer: object,
  serviceUid?: string,
): NewObject {
  return {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'ServiceL2Status',
    metadata: { name: `l2-${service}-${ip}`, namespace: NAMESPACE },
    status: { serviceName: service, serviceNamespace: 'default', serviceUid, ip, announcer },
  };
}
