import {
  conditionOfSession,
  type ToldSession,
} from '../../modules/metallb/src/api/bgp-session-condition.ts';
import {
  CLASS_API_VERSION,
  METALLB_API_VERSION,
  METALLB_PEER_API_VERSION,
} from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';

export interface MetallbWish {
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
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

/** A BGPPeer of the newer version. */
export function bgpPeer(name: string, wish: MetallbWish = {}): KubernetesObject {
  return { ...metallbObject('BGPPeer', name, wish), apiVersion: METALLB_PEER_API_VERSION };
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

/** What a speaker tells of an IP of a Service in `default`. */
export function serviceL2Status(
  name: string,
  serviceName: string,
  ip = '192.0.2.10',
): KubernetesObject {
  const status = { node: 'n1', serviceName, serviceNamespace: 'default', ip };
  return { ...metallbObject('ServiceL2Status', name, {}), status };
}

/** What the speaker of a node tells of itself, in the release namespace unless wished otherwise. */
export function nodeState(
  node: string,
  sessions: readonly ToldSession[] = [],
  wish: MetallbWish = {},
): KubernetesObject {
  const labels = { 'metallb.io/component-type': 'speaker', 'metallb.io/node-name': node };
  const object = metallbObject('ConfigurationState', `speaker-${node}`, { labels, ...wish });
  return { ...object, status: { result: 'Valid', conditions: sessions.map(conditionOfSession) } };
}

export function namespaceObject(
  name: string,
  labels: Readonly<Record<string, string>> = {},
): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { ...stamp(name), labels } };
}

export interface ServiceWish {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly ingress?: readonly string[];
}

/** A Service of type LoadBalancer in `default` with port 80, as the API server stores it, unless wished otherwise. */
export function plainService(name: string, wish: ServiceWish = {}): KubernetesObject {
  const { annotations, labels, spec = {}, ingress } = wish;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      ...stamp(name),
      namespace: 'default',
      ...(annotations && { annotations }),
      ...(labels && { labels }),
    },
    spec: {
      type: 'LoadBalancer',
      ports: [{ port: 80, protocol: 'TCP' }],
      clusterIP: '10.0.0.1',
      clusterIPs: ['10.0.0.1'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ...spec,
    },
    ...(ingress && { status: { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } } }),
  };
}

/** `spec` of a Service on a cluster of two families. */
export function dualStack(
  ipFamilyPolicy: 'PreferDualStack' | 'RequireDualStack',
  ipFamilies: readonly string[] = ['IPv4', 'IPv6'],
) {
  const ips: Readonly<Record<string, string>> = { IPv4: '10.0.0.1', IPv6: 'fd00::1' };
  const clusterIPs = ipFamilies.map((family) => ips[family]);
  return { ipFamilyPolicy, ipFamilies, clusterIP: clusterIPs[0], clusterIPs };
}

/** An object of MetalLB’s API in the release namespace unless wished otherwise. */
export function metallbObject(kind: string, name: string, wish: MetallbWish): KubernetesObject {
  const { namespace = 'metallb-system', labels, spec = {} } = wish;
  const metadata = {
    ...stamp(name),
    namespace,
    ...(labels && { labels }),
  };
  return { apiVersion: METALLB_API_VERSION, kind, metadata, spec };
}

function stamp(name: string) {
  const creationTimestamp = '2026-01-01T00:00:00Z';
  return { name, uid: `uid-${name}`, resourceVersion: '1', creationTimestamp };
}
