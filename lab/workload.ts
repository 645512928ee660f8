import type { ClusterObject, ObjectName } from './cluster.ts';
import { CONTROL_HOST, ipv4On, numberOf, podAddresses } from './plan.ts';

/** The manifests that scenarios apply, as a platform engineer or an application team would write them. */

export const BALANCER_LABEL = 'node-role.kubernetes.io/loadbalancer';

/** As every kubelet sets it. */
const OS_LABEL = 'kubernetes.io/os';

/** What the lab's pods listen on: HTTP over TCP, an echo over UDP. Services have it too, unless they wish another port. */
export const POD_PORT = 80;

/** As a web server has them that speaks HTTP/3 too. */
const POD_PORTS = [
  { name: 'http', protocol: 'TCP' },
  { name: 'echo', protocol: 'UDP' },
];

export function nodeManifest(name: string): ClusterObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name, [OS_LABEL]: 'linux', [BALANCER_LABEL]: '' },
    },
    // That of a new node is taken back by a controller that the lab is without.
    spec: { taints: [] },
    status: {
      // One of each type: the API can't apply two.
      addresses: [
        { type: 'InternalIP', address: ipv4On('management', numberOf(name)) },
        { type: 'Hostname', address: name },
      ],
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'kubelet is posting ready status',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    },
  };
}

/** Nodes that are in no class's group: the controller's Pods run there. */
export const CONTROL_NODES = ['m1', 'm2'];

export function controlNodeManifest(name: string): ClusterObject {
  const node = nodeManifest(name);
  const address = ipv4On('management', CONTROL_HOST + numberOf(name));
  return {
    ...node,
    metadata: { name, labels: { 'kubernetes.io/hostname': name, [OS_LABEL]: 'linux' } },
    status: { ...node.status, addresses: [{ type: 'InternalIP', address }] },
  };
}

export interface ClassWish {
  readonly name: string;
  readonly addressPool: readonly string[];
  readonly interfaces?: readonly string[];
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly whenOutOfPool?: 'Keep' | 'Reassign';
  /** Of `spec.l2`, beside the interfaces. */
  readonly l2?: object;
}

export function classManifest(wish: ClassWish): ClusterObject {
  return {
    apiVersion: 'network.deckhouse.io/v1alpha1',
    kind: 'MetalLoadBalancerClass',
    metadata: { name: wish.name },
    spec: {
      type: 'L2',
      addressPool: wish.addressPool,
      ...(wish.whenOutOfPool && { whenOutOfPool: wish.whenOutOfPool }),
      nodeSelector: wish.nodeSelector ?? { [BALANCER_LABEL]: '' },
      l2: { interfaces: wish.interfaces ?? ['eth0'], ...wish.l2 },
    },
  };
}

/** A Service of the namespace that all manifests here are for. */
export function serviceNamed(name: string): ObjectName {
  return { kind: 'Service', namespace: 'default', name };
}

/** A Service, or one side of one with both families: what has endpoints of its own. */
export interface OfOneFamily {
  readonly name: string;
  readonly family: 'IPv4' | 'IPv6';
}

export interface ServiceWish extends OfOneFamily {
  readonly className: string;
  readonly count?: number | 'auto' | string;
  readonly externalTrafficPolicy?: 'Cluster' | 'Local';
  readonly port?: number;
  /** `app` of its pods; its own name when absent. */
  readonly app?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function serviceManifest(wish: ServiceWish): ClusterObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: wish.name,
      namespace: 'default',
      annotations: {
        'network.deckhouse.io/l2-load-balancer-external-ips-count': String(wish.count ?? 3),
        ...wish.annotations,
      },
    },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: wish.className,
      externalTrafficPolicy: wish.externalTrafficPolicy ?? 'Cluster',
      ipFamilies: [wish.family],
      ipFamilyPolicy: 'SingleStack',
      ports: POD_PORTS.map((one) => ({
        ...one,
        port: wish.port ?? POD_PORT,
        targetPort: POD_PORT,
      })),
      selector: { app: wish.app ?? wish.name },
    },
  };
}

export function endpointSliceNamed({ name, family }: OfOneFamily): ObjectName {
  return { kind: 'EndpointSlice', namespace: 'default', name: `${name}-${family.toLowerCase()}` };
}

/** Where a Service's pods are: pod name → node that runs it (`backend` runs on no balancer node). */
export function endpointSliceManifest(
  service: OfOneFamily,
  pods: readonly { readonly pod: string; readonly node: string; readonly ready?: boolean }[],
): ClusterObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: endpointSliceNamed(service).name,
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': service.name },
    },
    addressType: service.family,
    endpoints: pods.map(({ pod, node, ready = true }) => ({
      addresses: [podAddresses(pod)[service.family]],
      conditions: { ready, serving: ready, terminating: false },
      nodeName: node,
    })),
    ports: POD_PORTS.map((one) => ({ ...one, port: POD_PORT })),
  };
}
