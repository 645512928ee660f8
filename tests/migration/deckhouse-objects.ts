import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';

/**
 * Objects as a cluster with Deckhouse's module holds them: the templates' labels and annotations, what its hooks wrote
 * into statuses, and what the API server and Helm add.
 */

const CREATED = '2025-03-01T10:00:00Z';
const MEMBER = { 'l2-load-balancer.network.deckhouse.io/member': '' };

/** A balancer node of Deckhouse's module: it has the member label. */
export function memberNode(name: string): KubernetesObject {
  const labels = {
    'kubernetes.io/hostname': name,
    'node-role.kubernetes.io/loadbalancer': '',
    ...MEMBER,
  };
  return { apiVersion: 'v1', kind: 'Node', metadata: { ...stamp(name), labels } };
}

/** A class that nobody has written a status to. */
export function deckhouseClass(name: string, spec: Record<string, unknown> = {}): KubernetesObject {
  return {
    apiVersion: 'network.deckhouse.io/v1alpha1',
    kind: 'MetalLoadBalancerClass',
    metadata: { ...stamp(name), generation: 1 } as KubernetesObject['metadata'],
    spec: {
      addressPool: ['192.0.2.10-192.0.2.40'],
      isDefault: true,
      nodeSelector: { 'node-role.kubernetes.io/loadbalancer': '' },
      type: 'L2',
      ...spec,
    },
  };
}

interface ServedWish {
  readonly className?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Of its children in their order. */
  readonly ips: readonly string[];
}

/** A Service with the conditions that Deckhouse's hooks write: `lastTransitionTime` is null. */
export function servedService(name: string, wish: ServedWish): KubernetesObject {
  const { className = 'ingress', ips } = wish;
  const annotations = {
    ...(ips.length > 1 && {
      'network.deckhouse.io/l2-load-balancer-external-ips-count': String(ips.length),
    }),
    ...wish.annotations,
  };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...stamp(name, 'default'), annotations },
    spec: {
      type: 'LoadBalancer',
      allocateLoadBalancerNodePorts: true,
      clusterIP: '10.222.0.10',
      clusterIPs: ['10.222.0.10'],
      externalTrafficPolicy: 'Cluster',
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ name: 'http', nodePort: 30_544, port: 80, protocol: 'TCP', targetPort: 8_080 }],
      selector: { app: name },
      sessionAffinity: 'None',
    },
    status: {
      conditions: [
        {
          type: 'network.deckhouse.io/load-balancer-class',
          status: 'True',
          reason: 'LoadBalancerClassBound',
          message: className,
          lastTransitionTime: null,
        },
        {
          type: 'AllPublicIPsAssigned',
          status: 'True',
          reason: 'AllIPsAssigned',
          message: `${ips.length} of ${ips.length} public IPs were assigned`,
          lastTransitionTime: null,
        },
      ],
      loadBalancer: { ingress: ips.map((ip) => ({ ip, ipMode: 'VIP' })) },
    },
  };
}

interface RenderedWish {
  readonly service: string;
  readonly className?: string;
  readonly node: string;
  readonly ip?: string;
  /** The requested IP. */
  readonly desiredIp?: string;
  readonly sharedIpKey?: string;
}

/** A child as Helm rendered it: no owner, no IP families; the address came from the forked controller. */
export function renderedChild(name: string, wish: RenderedWish): KubernetesObject {
  const { service, className = 'ingress', node, ip, desiredIp, sharedIpKey } = wish;
  return {
    apiVersion: 'internal.network.deckhouse.io/v1alpha1',
    kind: 'SDNInternalL2LBService',
    metadata: {
      ...stamp(name, 'default'),
      labels: {
        'app.kubernetes.io/managed-by': 'Helm',
        heritage: 'deckhouse',
        module: 'metallb',
        'parent-service': service,
      },
      annotations: {
        'meta.helm.sh/release-name': 'metallb',
        'meta.helm.sh/release-namespace': 'd8-system',
        'metallb.io/address-pool': className,
        'metallb.io/ip-allocated-from-pool': className,
        'metallb.io/preferredL2SpeakerNode': node,
        ...(desiredIp && { 'metallb.io/loadBalancerIPs': desiredIp }),
        ...(sharedIpKey && { 'metallb.io/allow-shared-ip': sharedIpKey }),
      },
    },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: 'l2-load-balancer-class.network.deckhouse.io',
      clusterIP: '10.222.0.10',
      externalTrafficPolicy: 'Cluster',
      internalTrafficPolicy: 'Cluster',
      ports: [{ name: 'http', nodePort: 30_544, port: 80, protocol: 'TCP', targetPort: 8_080 }],
      publishNotReadyAddresses: false,
      selector: { app: service },
      serviceRef: { name: service, namespace: 'default' },
    },
    ...(ip && { status: { loadBalancer: { ingress: [{ ip, ipMode: 'VIP' }] } } }),
  };
}

function stamp(name: string, namespace?: string): KubernetesObject['metadata'] {
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    uid: `uid-${namespace ?? 'cluster'}-${name}`,
    resourceVersion: '4711',
    creationTimestamp: CREATED,
  };
}
