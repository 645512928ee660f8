import {
  type BgpAdvertisement,
  parseBgpAdvertisement,
} from '../../modules/metallb/src/api/bgp-advertisement.ts';
import { type Child, parseChild } from '../../modules/metallb/src/api/child.ts';
import {
  type EndpointSlice,
  parseEndpointSlice,
} from '../../modules/metallb/src/api/endpoint-slice.ts';
import {
  type IpAddressPool,
  parseIpAddressPool,
} from '../../modules/metallb/src/api/ip-address-pool.ts';
import {
  type L2Advertisement,
  parseL2Advertisement,
} from '../../modules/metallb/src/api/l2-advertisement.ts';
import {
  type MetalLoadBalancerClass,
  parseMetalLoadBalancerClass,
} from '../../modules/metallb/src/api/metal-load-balancer-class.ts';
import {
  CHILD_ANNOTATION,
  CHILD_API_VERSION,
  CHILD_KIND,
  CLASS_API_VERSION,
  CLASS_KIND,
} from '../../modules/metallb/src/api/names.ts';
import { type Node, parseNode } from '../../modules/metallb/src/api/node.ts';
import {
  type PublishedService,
  parsePublishedService,
} from '../../modules/metallb/src/api/published-service.ts';
import {
  parseServiceL2Status,
  type ServiceL2Status,
} from '../../modules/metallb/src/api/service-l2-status.ts';
import type { NewObject } from '../../modules/metallb/src/store/store.ts';
import { parsedValue } from './parsed.ts';

/** What settings say of MetalLB's API unless somebody says otherwise. */
export const METALLB = {
  lbClass: undefined,
  namespaces: ['metallb-system', 'old'],
  followEndpoints: true,
  hasBgp: false,
} as const;

interface ChildWish {
  readonly className?: string;
  readonly preferredNode?: string;
  readonly service?: string;
  readonly policy?: 'Cluster' | 'Local';
  readonly created?: string;
  readonly announcer?: object;
  readonly forced?: boolean;
}

/** A child that has got its IP, as stored. */
export function assignedChild(name: string, ip: string, wish: ChildWish = {}): NewObject {
  const { className = 'ingress', preferredNode = 'n1', service = name, policy = 'Cluster' } = wish;
  const created = wish.created === undefined ? {} : { creationTimestamp: wish.created, uid: name };
  return {
    apiVersion: CHILD_API_VERSION,
    kind: CHILD_KIND,
    metadata: {
      name,
      namespace: 'default',
      annotations: {
        [CHILD_ANNOTATION.addressPool]: className,
        [CHILD_ANNOTATION.preferredNode]: preferredNode,
        ...(wish.forced && { [CHILD_ANNOTATION.forceAddress]: 'true' }),
      },
      ...created,
    },
    spec: {
      serviceRef: { namespace: 'default', name: service },
      externalTrafficPolicy: policy,
      ports: [{ protocol: 'TCP', port: 80 }],
    },
    status: {
      loadBalancer: { ingress: [{ ip }] },
      ...(wish.announcer === undefined ? {} : { announcer: wish.announcer }),
    },
  };
}

/** The Service of `assignedChild(name, ip)` once its status names its IPs. */
export function publishedService(
  name: string,
  ips: readonly string[],
  spec: object = {},
): NewObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: { type: 'LoadBalancer', ...spec },
    status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
  };
}

/** A class of all nodes with the label `role=<name>`. */
export function balancerClass(name: string, l2: object = {}, spec: object = {}): NewObject {
  return {
    apiVersion: CLASS_API_VERSION,
    kind: CLASS_KIND,
    metadata: { name },
    spec: {
      type: 'L2',
      addressPool: ['192.0.2.0-192.0.2.99'],
      nodeSelector: { role: name },
      l2,
      ...spec,
    },
  };
}

interface NodeWish {
  readonly role?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ready?: { readonly status: string; readonly since: string };
  readonly conditions?: readonly object[];
}

/** A node of the class `ingress` that has been Ready for long. */
export function balancerNode(name: string, wish: NodeWish = {}): NewObject {
  const { role = 'ingress', labels = {}, annotations = {} } = wish;
  const { status, since } = wish.ready ?? { status: 'True', since: '2023-01-01T00:00:00Z' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { role, ...labels }, annotations },
    status: {
      conditions: [
        { type: 'Ready', status, lastTransitionTime: since },
        ...(wish.conditions ?? []),
      ],
    },
  };
}

/** An EndpointSlice of a Service in `default`. */
export function sliceOf(service: string, endpoints: readonly object[]): NewObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${service}-1`,
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': service },
    },
    addressType: 'IPv4',
    endpoints,
  };
}

export function childOf(object: unknown): Child {
  return parsedValue(parseChild(object));
}

export function classOf(object: unknown): MetalLoadBalancerClass {
  return parsedValue(parseMetalLoadBalancerClass(object));
}

export function poolOf(object: unknown): IpAddressPool {
  return parsedValue(parseIpAddressPool(object));
}

export function advertisementOf(object: unknown): L2Advertisement {
  return parsedValue(parseL2Advertisement(object));
}

export function bgpAdvertisementOf(object: unknown): BgpAdvertisement {
  return parsedValue(parseBgpAdvertisement(object));
}

export function l2StatusOf(object: unknown): ServiceL2Status {
  return parsedValue(parseServiceL2Status(object));
}

export function nodeOf(object: unknown): Node {
  return parsedValue(parseNode(object));
}

export function serviceOf(object: unknown): PublishedService {
  return parsedValue(parsePublishedService(object));
}

export function endpointSliceOf(object: unknown): EndpointSlice {
  return parsedValue(parseEndpointSlice(object));
}
