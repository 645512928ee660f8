import { ANNOTATION, CLASS_API_VERSION, CLASS_KIND } from '../../modules/metallb/src/api/names.ts';
import type { NewObject } from '../../modules/metallb/src/store/store.ts';
import type { HookCase } from './hook-case.ts';

interface Wish {
  readonly class?: string;
  readonly count?: string;
  readonly ips?: string;
  readonly sharedKey?: string;
  readonly port?: number;
  readonly protocol?: 'TCP' | 'UDP';
  readonly spec?: object;
}

function service(name: string, wish: Wish = {}): NewObject {
  const { port = 80, protocol = 'TCP' } = wish;
  const annotations = {
    ...(wish.class && { [ANNOTATION.class]: wish.class }),
    ...(wish.count && { [ANNOTATION.externalIpsCount]: wish.count }),
    ...(wish.ips && { [ANNOTATION.requestedIps]: wish.ips }),
    ...(wish.sharedKey && { [ANNOTATION.sharedIpKey]: wish.sharedKey }),
  };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default', annotations },
    spec: {
      type: 'LoadBalancer',
      allocateLoadBalancerNodePorts: false,
      ports: [{ name: 'main', protocol, port, targetPort: 8080 }],
      ...wish.spec,
    },
  };
}

function node(name: string, role: string, annotations: Record<string, string> = {}): NewObject {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { role }, annotations } };
}

/** A class of the nodes with its name as their role, and of the addresses from `first` on. */
function balancerClass(name: string, pool: string, spec: object = {}): NewObject {
  return {
    apiVersion: CLASS_API_VERSION,
    kind: CLASS_KIND,
    metadata: { name },
    spec: { addressPool: [pool], nodeSelector: { role: name }, ...spec },
  };
}

const group = (role: string) => [1, 2, 3].map((number) => node(`${role}-n${number}`, role));
const serviceRef = (name: string) => ({ kind: 'Service', namespace: 'default', name }) as const;

const bound = (className: string) =>
  `network.deckhouse.io/load-balancer-class=True/LoadBalancerClassBound: ${className}`;

function assigned(count: number, of = count): string {
  const [status, reason] =
    count === of ? ['True', 'AllIPsAssigned'] : ['False', 'NotAllIPsAssigned'];
  return `AllPublicIPsAssigned=${status}/${reason}: ${count} of ${of} public IPs were assigned`;
}

/** The expected outcomes follow from the rules of the design; what happens to be chosen among equals is the ranking's. */
export const HOOK_CASES: readonly HookCase[] = [
  {
    name: 'three IPs on three nodes',
    start: [balancerClass('three', '198.18.1.1-198.18.1.9'), ...group('three')],
    steps: [{ apply: service('nginx', { class: 'three', count: '3' }) }],
    expected: {
      children: [
        'nginx-three-0 198.18.1.1 three-n2 TCP/80',
        'nginx-three-1 198.18.1.2 three-n3 TCP/80',
        'nginx-three-2 198.18.1.3 three-n1 TCP/80',
      ],
      services: { nginx: ['198.18.1.1,198.18.1.2,198.18.1.3', assigned(3), bound('three')] },
      members: ['three-n1', 'three-n2', 'three-n3'],
    },
  },
  {
    name: 'requested IPs, in any order, and one that is left to the module',
    start: [balancerClass('wish', '198.18.2.1-198.18.2.9'), ...group('wish')],
    steps: [
      { apply: service('nginx', { class: 'wish', count: '3', ips: '198.18.2.7, ,198.18.2.5' }) },
    ],
    expected: {
      children: [
        'nginx-wish-0 198.18.2.7 wish-n1 TCP/80 198.18.2.7',
        'nginx-wish-1 198.18.2.1 wish-n2 TCP/80',
        'nginx-wish-2 198.18.2.5 wish-n3 TCP/80 198.18.2.5',
      ],
      services: { nginx: ['198.18.2.7,198.18.2.1,198.18.2.5', assigned(3), bound('wish')] },
      members: ['wish-n1', 'wish-n2', 'wish-n3'],
    },
  },
  {
    name: 'a key shares an IP between TCP and UDP',
    start: [balancerClass('dns', '198.18.3.1-198.18.3.9'), ...group('dns')],
    steps: [
      { apply: service('dns-tcp', { class: 'dns', sharedKey: 'dns', port: 53 }) },
      { apply: service('dns-udp', { class: 'dns', sharedKey: 'dns', port: 53, protocol: 'UDP' }) },
    ],
    expected: {
      children: [
        'dns-tcp-dns-0 198.18.3.1 dns-n3 TCP/53 dns',
        'dns-udp-dns-0 198.18.3.1 dns-n1 UDP/53 dns',
      ],
      services: {
        'dns-tcp': ['198.18.3.1', assigned(1), bound('dns')],
        'dns-udp': ['198.18.3.1', assigned(1), bound('dns')],
      },
      members: ['dns-n1', 'dns-n2', 'dns-n3'],
    },
  },
  {
    name: 'spec beats annotation beats default; another implementation’s Service is left alone',
    start: [
      balancerClass('spec', '198.18.4.1-198.18.4.9', { isDefault: true }),
      balancerClass('note', '198.18.5.1-198.18.5.9', { nodeSelector: { role: 'spec' } }),
      node('spec-n1', 'spec'),
    ],
    steps: [
      { apply: service('by-default') },
      { apply: service('by-note', { class: 'note' }) },
      { apply: service('by-spec', { class: 'note', spec: { loadBalancerClass: 'spec' } }) },
      { apply: service('foreign', { spec: { loadBalancerClass: 'example.com/other' } }) },
      {
        apply: service('internal', {
          spec: { type: 'ClusterIP', allocateLoadBalancerNodePorts: undefined },
        }),
      },
    ],
    expected: {
      children: [
        'by-default-spec-0 198.18.4.1 spec-n1 TCP/80',
        'by-note-note-0 198.18.5.1 spec-n1 TCP/80',
        'by-spec-spec-0 198.18.4.2 spec-n1 TCP/80',
      ],
      services: {
        'by-default': ['198.18.4.1', assigned(1), bound('spec')],
        'by-note': ['198.18.5.1', assigned(1), bound('note')],
        'by-spec': ['198.18.4.2', assigned(1), bound('spec')],
        foreign: [''],
        internal: [''],
      },
      members: ['spec-n1'],
    },
  },
  {
    name: 'annotations that say nothing sensible are said, and take no IP away',
    start: [balancerClass('typo', '198.18.6.1-198.18.6.9'), ...group('typo')],
    steps: [
      { apply: service('nginx', { class: 'typo', count: '2' }) },
      { apply: service('nginx', { class: 'typo', count: 'three', ips: '198.18.6.300' }) },
    ],
    expected: {
      children: [
        'nginx-typo-0 198.18.6.1 typo-n1 TCP/80',
        'nginx-typo-1 198.18.6.2 typo-n2 TCP/80',
      ],
      services: {
        nginx: [
          '198.18.6.1,198.18.6.2',
          assigned(2),
          'network.deckhouse.io/annotations-valid=False/InvalidAnnotation: Service/default/nginx: metadata.annotations[network.deckhouse.io/l2-load-balancer-external-ips-count] is "three": expected an integer from 1 to 1000, or auto; a Service keeps as many as it has, a new one gets 1; Service/default/nginx: metadata.annotations[network.deckhouse.io/load-balancer-ips] is "198.18.6.300": expected IP addresses separated by commas; this one is skipped',
          bound('typo'),
        ],
      },
      members: ['typo-n1', 'typo-n2', 'typo-n3'],
    },
  },
  {
    name: 'without a node there is no IP, and the Service says why',
    start: [balancerClass('empty', '198.18.7.1-198.18.7.9')],
    steps: [{ apply: service('nginx', { class: 'empty', count: '2' }) }],
    expected: {
      children: [],
      services: {
        nginx: [
          '',
          'network.deckhouse.io/balancer-nodes-available=False/NoBalancerNodes: no node matches spec.nodeSelector of MetalLoadBalancerClass "empty": existing public IPs stay where they are, new ones wait for a node',
        ],
      },
      members: [],
    },
  },
  {
    name: 'an exhausted pool is said, until there is more',
    start: [balancerClass('small', '198.18.8.1-198.18.8.2'), ...group('small')],
    steps: [
      { apply: service('nginx', { class: 'small', count: '3' }) },
      { apply: service('late', { class: 'small' }) },
      { apply: balancerClass('small', '198.18.8.1-198.18.8.3') },
    ],
    expected: {
      children: [
        'late-small-0  small-n3 TCP/80',
        'nginx-small-0 198.18.8.1 small-n3 TCP/80',
        'nginx-small-1 198.18.8.2 small-n2 TCP/80',
        'nginx-small-2 198.18.8.3 small-n1 TCP/80',
      ],
      services: {
        late: [
          '',
          assigned(0, 1),
          'network.deckhouse.io/ips-assignable=False/PoolExhausted: late-small-0: no free IPv4 address (small: 3 of 3 used)',
          bound('small'),
        ],
        nginx: ['198.18.8.1,198.18.8.2,198.18.8.3', assigned(3), bound('small')],
      },
      members: ['small-n1', 'small-n2', 'small-n3'],
    },
  },
  {
    name: 'a lower count takes the highest, other ports reach every child',
    start: [balancerClass('less', '198.18.9.1-198.18.9.9'), ...group('less')],
    steps: [
      { apply: service('nginx', { class: 'less', count: '3' }) },
      { apply: service('nginx', { class: 'less', count: '2', port: 8443 }) },
    ],
    expected: {
      children: [
        'nginx-less-0 198.18.9.1 less-n3 TCP/8443',
        'nginx-less-1 198.18.9.2 less-n2 TCP/8443',
      ],
      services: { nginx: ['198.18.9.1,198.18.9.2', assigned(2), bound('less')] },
      members: ['less-n1', 'less-n2', 'less-n3'],
    },
  },
  {
    name: 'with auto, a node that comes brings an IP; one that drains gives its child away',
    start: [balancerClass('auto', '198.18.10.1-198.18.10.9'), ...group('auto')],
    steps: [
      { apply: service('nginx', { class: 'auto', count: 'auto' }) },
      { apply: node('auto-n4', 'auto') },
      { apply: node('auto-n1', 'auto', { [ANNOTATION.drain]: '' }) },
    ],
    expected: {
      children: [
        'nginx-auto-0 198.18.10.1 auto-n3 TCP/80',
        'nginx-auto-1 198.18.10.2 auto-n2 TCP/80',
        'nginx-auto-2 198.18.10.3 auto-n3 TCP/80',
        'nginx-auto-3 198.18.10.4 auto-n4 TCP/80',
      ],
      services: {
        nginx: ['198.18.10.1,198.18.10.2,198.18.10.3,198.18.10.4', assigned(4), bound('auto')],
      },
      members: ['auto-n1', 'auto-n2', 'auto-n3', 'auto-n4'],
    },
  },
  {
    name: 'a Service that is no LoadBalancer any more loses children, IPs and what was said of them',
    start: [balancerClass('back', '198.18.11.1-198.18.11.9'), ...group('back')],
    steps: [
      { apply: service('nginx', { class: 'back', count: '2' }) },
      {
        apply: service('nginx', {
          class: 'back',
          spec: { type: 'ClusterIP', allocateLoadBalancerNodePorts: undefined },
        }),
      },
    ],
    expected: {
      children: [],
      services: { nginx: ['', bound('back')] },
      members: ['back-n1', 'back-n2', 'back-n3'],
    },
  },
  {
    name: 'a deleted Service takes its children with it; one of its name starts anew',
    start: [balancerClass('gone', '198.18.12.1-198.18.12.9'), ...group('gone')],
    steps: [
      { apply: service('nginx', { class: 'gone', count: '2' }) },
      { apply: service('other', { class: 'gone' }) },
      { remove: serviceRef('nginx') },
      { apply: service('nginx', { class: 'gone' }) },
    ],
    expected: {
      children: [
        'nginx-gone-0 198.18.12.4 gone-n2 TCP/80',
        'other-gone-0 198.18.12.3 gone-n3 TCP/80',
      ],
      services: {
        nginx: ['198.18.12.4', assigned(1), bound('gone')],
        other: ['198.18.12.3', assigned(1), bound('gone')],
      },
      members: ['gone-n1', 'gone-n2', 'gone-n3'],
    },
  },
  {
    name: 'a deleted class takes no IP away',
    start: [balancerClass('lost', '198.18.13.1-198.18.13.9'), ...group('lost')],
    steps: [
      { apply: service('nginx', { class: 'lost', count: '2' }) },
      { remove: { kind: CLASS_KIND, name: 'lost' } },
    ],
    expected: {
      children: [
        'nginx-lost-0 198.18.13.1 lost-n3 TCP/80',
        'nginx-lost-1 198.18.13.2 lost-n1 TCP/80',
      ],
      services: {
        nginx: [
          '198.18.13.1,198.18.13.2',
          assigned(2),
          'network.deckhouse.io/ips-in-pool=False/NotInPool: nginx-lost-0: 198.18.13.1 is not in the addressPool of MetalLoadBalancerClass lost any more; it stays assigned; nginx-lost-1: 198.18.13.2 is not in the addressPool of MetalLoadBalancerClass lost any more; it stays assigned',
          'network.deckhouse.io/load-balancer-class=False/ClassNotFound: MetalLoadBalancerClass "lost" does not exist: the public IPs stay as they are until it exists or another class is chosen',
        ],
      },
      members: ['lost-n1', 'lost-n2', 'lost-n3'],
    },
  },
  {
    name: 'a Service that another load balancer served is taken over with its IP, or left alone',
    start: [
      balancerClass('late', '198.18.15.1-198.18.15.9'),
      ...group('late'),
      service('near'),
      service('far'),
    ],
    steps: [
      { serve: serviceRef('near'), ips: ['198.18.15.7'] },
      { serve: serviceRef('far'), ips: ['198.18.99.7'] },
      { apply: balancerClass('late', '198.18.15.1-198.18.15.9', { isDefault: true }) },
    ],
    expected: {
      children: ['near-late-0 198.18.15.7 late-n2 TCP/80'],
      services: {
        near: ['198.18.15.7', assigned(1), bound('late')],
        far: [
          '198.18.99.7',
          'network.deckhouse.io/load-balancer-class=False/WouldLoseIPs: MetalLoadBalancerClass "late" does not take the Service over, as it would not keep its IPs: 198.18.99.7 is not in its spec.addressPool: add it there, or ask for others of the pool (network.deckhouse.io/load-balancer-ips)',
        ],
      },
      members: ['late-n1', 'late-n2', 'late-n3'],
    },
  },
  {
    name: 'the label follows the group',
    start: [balancerClass('label', '198.18.14.1-198.18.14.9'), ...group('label')],
    steps: [{ apply: node('label-n2', 'other') }, { apply: node('label-n4', 'label') }],
    expected: {
      children: [],
      services: {},
      members: ['label-n1', 'label-n3', 'label-n4'],
    },
  },
];
