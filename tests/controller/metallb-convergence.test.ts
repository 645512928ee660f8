import { test } from 'uvu';
import {
  asked,
  type Convergence,
  DUAL,
  ORIGIN,
  PUBLIC,
  playConvergence,
  wanted,
} from '../support/convergence.ts';
import { dualStack, ipAddressPool, plainService } from '../support/metallb-objects.ts';

/** What MetalLB does for one Service, step by step, and where this module does otherwise on purpose. */
const rows: readonly Convergence[] = [
  // 1
  {
    name: 'a Service that is no LoadBalancer any more loses its IP, its annotation and its conditions',
    before: [PUBLIC, plainService('web')],
    change: [plainService('web', { spec: { type: 'ClusterIP' } })],
    ips: [],
    event: 'Service/web Normal ClearAssignment: 192.0.2.10 released',
  },
  // 2
  {
    name: 'without any pool nothing is given, and nothing is said',
    before: [plainService('web')],
    ips: [],
  },
  {
    name: 'the last pool goes: the Service keeps its IP',
    before: [PUBLIC, plainService('web')],
    removed: [PUBLIC],
    ips: ['192.0.2.10'],
    from: 'public',
    says: 'ips-in-pool=False: 192.0.2.10 is not in pool public any more; it stays assigned',
    event: 'Service/web Warning NotInPool',
  },
  {
    name: 'a headless Service gets nothing',
    before: [PUBLIC, plainService('web', { spec: { clusterIP: 'None', clusterIPs: ['None'] } })],
    ips: [],
    says: 'ip-address-pool=False: spec.clusterIP is None',
  },
  {
    name: 'a Service that never met an API server has no cluster IP, and gets what its families ask for',
    before: [
      DUAL,
      plainService('web', {
        spec: { clusterIP: undefined, clusterIPs: undefined, ipFamilies: ['IPv6'] },
      }),
    ],
    ips: ['2001:db8::1'],
    from: 'dual',
  },
  // 3
  {
    name: 'both families are required, but there is one cluster IP: nothing is given',
    before: [DUAL, plainService('web', { spec: dualStack('RequireDualStack', ['IPv4']) })],
    ips: [],
    says: 'ip-address-pool=False: spec.ipFamilyPolicy is RequireDualStack, but the Service has cluster IPs of IPv4 only',
  },
  // 4
  {
    name: 'what the status has is taken over at start, wherever it is in the pool',
    before: [PUBLIC, plainService('web', { ingress: ['192.0.2.11'] })],
    ips: ['192.0.2.11'],
    from: 'public',
  },
  {
    name: 'of two IPs of one family in a status the first is kept',
    before: [PUBLIC, plainService('web', { ingress: ['192.0.2.11', '192.0.2.10'] })],
    ips: ['192.0.2.11'],
    from: 'public',
  },
  {
    name: 'a status of another family than the cluster IP’s is replaced',
    before: [DUAL, plainService('web', { ingress: ['2001:db8::1'] })],
    ips: ['198.51.100.1'],
    from: 'dual',
  },
  {
    name: 'who prefers both families may have one',
    before: [PUBLIC, plainService('web', { spec: dualStack('PreferDualStack') })],
    ips: ['192.0.2.10'],
    from: 'public',
    says: 'the pool has no IPv6 address for it, which it prefers to have too',
  },
  // 5
  {
    name: 'the same IP is given again and again: nothing is written',
    before: [PUBLIC, plainService('web')],
    change: [plainService('web', { labels: { any: 'label' } })],
    ips: ['192.0.2.10'],
    from: 'public',
  },
  {
    name: 'an IP that another Service has is not taken over twice',
    before: [
      PUBLIC,
      plainService('older', { ingress: ['192.0.2.10'] }),
      plainService('web', { ingress: ['192.0.2.10'] }),
    ],
    ips: ['192.0.2.11'],
    from: 'public',
  },
  // 6
  {
    name: 'another pool is asked for: the IP moves there',
    before: [PUBLIC, DUAL, plainService('web', { annotations: asked('public') })],
    change: [plainService('web', { annotations: asked('dual') })],
    ips: ['198.51.100.1'],
    from: 'dual',
    event: 'Service/web Normal IPAllocated: 198.51.100.1 assigned in place of 192.0.2.10',
  },
  {
    name: 'a pool is asked for that has the IP already: it stays',
    before: [PUBLIC, DUAL, plainService('web', { annotations: asked('public') })],
    change: [plainService('web')],
    ips: ['192.0.2.10'],
    from: 'public',
  },
  {
    name: 'another pool is asked for that has nothing free: the IP stays until it has',
    before: [
      PUBLIC,
      DUAL,
      plainService('x', { annotations: asked('dual') }),
      plainService('web', { annotations: asked('public') }),
    ],
    change: [plainService('web', { annotations: asked('dual') })],
    ips: ['192.0.2.10'],
    from: 'public',
    says: 'no free IPv4 address (IPAddressPool/metallb-system/dual: 1 of 1 used); 192.0.2.10 stays assigned',
    event: 'Service/web Warning AllocationFailed',
  },
  {
    name: 'another pool is asked for that has nothing free: nothing false is said of where the IP is',
    before: [
      PUBLIC,
      DUAL,
      plainService('x', { annotations: asked('dual') }),
      plainService('web', { annotations: asked('public') }),
    ],
    change: [plainService('web', { annotations: asked('dual') })],
    ips: ['192.0.2.10'],
    from: 'public',
    says: 'ips-in-pool=False: 192.0.2.10 is in pool public, and this Service is for pool dual; it stays assigned',
  },
  {
    name: 'another pool is asked for that had nothing free: once it has, the IP moves',
    before: [
      PUBLIC,
      DUAL,
      plainService('x', { annotations: asked('dual'), ingress: ['198.51.100.1'] }),
      plainService('web', {
        annotations: { ...asked('dual'), [ORIGIN]: 'public' },
        ingress: ['192.0.2.10'],
      }),
    ],
    removed: [plainService('x')],
    ips: ['198.51.100.1'],
    from: 'dual',
    silent: 'ips-in-pool',
  },
  {
    name: 'an IP is requested that somebody had: once it is free, it moves',
    before: [
      PUBLIC,
      plainService('x', { ingress: ['192.0.2.11'] }),
      plainService('web', { annotations: wanted('192.0.2.11'), ingress: ['192.0.2.10'] }),
    ],
    removed: [plainService('x')],
    ips: ['192.0.2.11'],
    from: 'public',
  },
  {
    name: 'a MetalLB that is older than its annotation gave the IP, and another pool is asked for: it moves',
    before: [
      PUBLIC,
      DUAL,
      plainService('web', { annotations: asked('dual'), ingress: ['192.0.2.10'] }),
    ],
    ips: ['198.51.100.1'],
    from: 'dual',
  },
  {
    name: 'another IP is requested: it moves',
    before: [PUBLIC, plainService('web')],
    change: [plainService('web', { annotations: wanted('192.0.2.11') })],
    ips: ['192.0.2.11'],
    from: 'public',
    event: 'Service/web Normal ClearAssignment: 192.0.2.10 released',
  },
  {
    name: 'a request that can’t be read takes nothing away',
    before: [PUBLIC, plainService('web')],
    change: [plainService('web', { annotations: wanted('192.0.2.x') })],
    ips: ['192.0.2.10'],
    from: 'public',
    says: 'expected IP addresses separated by commas; 192.0.2.10 stays assigned',
    event: 'Service/web Warning LoadBalancerFailed',
  },
  // 7
  {
    name: 'who prefers both families gets the other from the same pool once it has one',
    before: [
      ipAddressPool('dual', ['198.51.100.1']),
      ipAddressPool('other', ['2001:db8:9::1']),
      plainService('web', { spec: dualStack('PreferDualStack') }),
    ],
    change: [DUAL],
    ips: ['198.51.100.1', '2001:db8::1'],
    from: 'dual',
    event: 'Service/web Normal IPAllocated: 2001:db8::1 assigned',
  },
  {
    name: 'where the pool has no other family, it is told once',
    before: [PUBLIC],
    change: [plainService('web', { spec: dualStack('PreferDualStack') })],
    ips: ['192.0.2.10'],
    from: 'public',
    event: 'Service/web Normal AdditionalAssignFailed',
  },
  // 8
  {
    name: 'requested IPs beside spec.loadBalancerIP are refused',
    before: [
      PUBLIC,
      plainService('web', {
        annotations: wanted('192.0.2.11'),
        spec: { loadBalancerIP: '192.0.2.10' },
      }),
    ],
    ips: [],
    says: 'spec.loadBalancerIP is "192.0.2.10": expected none beside the annotation metallb.io/loadBalancerIPs',
  },
  {
    name: 'spec.loadBalancerIP alone is given',
    before: [PUBLIC, plainService('web', { spec: { loadBalancerIP: '192.0.2.11' } })],
    ips: ['192.0.2.11'],
    from: 'public',
  },
  {
    name: 'a requested IP must be in the pool that is asked for',
    before: [
      PUBLIC,
      DUAL,
      plainService('web', { annotations: { ...asked('dual'), ...wanted('192.0.2.10') } }),
    ],
    ips: [],
    says: 'requested address 192.0.2.10 is not in pool IPAddressPool/metallb-system/dual',
  },
  {
    name: 'a requested IP of another family than the Service’s is refused',
    before: [DUAL, plainService('web', { annotations: wanted('2001:db8::1') })],
    ips: [],
    says: '2001:db8::1 is requested, but only IPv4 is wanted',
  },
  {
    name: 'a requested IP comes before the order of pools, also from a pool that gives nothing by itself',
    before: [
      PUBLIC,
      ipAddressPool('reserved', ['203.0.113.1'], { spec: { autoAssign: false } }),
      plainService('web', { annotations: wanted('203.0.113.1') }),
    ],
    ips: ['203.0.113.1'],
    from: 'reserved',
  },
  {
    name: 'a pool that is asked for need not give anything by itself',
    before: [
      PUBLIC,
      ipAddressPool('reserved', ['203.0.113.1'], { spec: { autoAssign: false } }),
      plainService('web', { annotations: asked('reserved') }),
    ],
    ips: ['203.0.113.1'],
    from: 'reserved',
  },
  {
    name: 'a pool that does not exist is asked for',
    before: [PUBLIC, plainService('web', { annotations: asked('nowhere') })],
    ips: [],
    says: 'ip-address-pool=False: the Service asks for pool nowhere, which does not exist',
  },
  {
    name: 'a pool is asked for that is for others',
    before: [
      ipAddressPool('theirs', ['203.0.113.1'], {
        spec: { serviceAllocation: { namespaces: ['theirs'] } },
      }),
      plainService('web', { annotations: asked('theirs') }),
    ],
    ips: [],
    says: 'the Service asks for IPAddressPool/metallb-system/theirs, whose spec.serviceAllocation names other namespaces or labels',
  },
  {
    name: 'an IP of a pool that is for others is requested',
    before: [
      PUBLIC,
      ipAddressPool('theirs', ['203.0.113.1'], {
        spec: { serviceAllocation: { namespaces: ['theirs'] } },
      }),
      plainService('web', { annotations: wanted('203.0.113.1') }),
    ],
    ips: [],
    says: 'requested address 203.0.113.1 is not in pool IPAddressPool/metallb-system/public',
  },
  {
    name: 'one family of a pool that is meant for it comes before both of a pool for everybody',
    before: [
      ipAddressPool('ours', ['203.0.113.1'], {
        spec: { serviceAllocation: { priority: 1, namespaces: ['default'] } },
      }),
      DUAL,
      plainService('web', { spec: dualStack('PreferDualStack') }),
    ],
    ips: ['203.0.113.1'],
    from: 'ours',
    says: 'the pool has no IPv6 address for it, which it prefers to have too',
  },
  {
    name: 'nothing of a pool that is meant for it has the families that it requires: the pool for everybody has',
    before: [
      ipAddressPool('ours', ['203.0.113.1'], {
        spec: { serviceAllocation: { priority: 1, namespaces: ['default'] } },
      }),
      DUAL,
      plainService('web', { spec: dualStack('RequireDualStack') }),
    ],
    ips: ['198.51.100.1', '2001:db8::1'],
    from: 'dual',
  },
  // 9 and 10
  {
    name: 'whoever waits gets what another Service gives back',
    before: [
      ipAddressPool('public', ['192.0.2.10']),
      plainService('a', { ingress: ['192.0.2.10'] }),
      plainService('web'),
    ],
    removed: [plainService('a')],
    ips: ['192.0.2.10'],
    from: 'public',
    event: 'Service/web Normal IPAllocated: 192.0.2.10 assigned',
  },
  {
    name: 'whoever waits to share gets the IP once another Service’s port is out of the way',
    before: [
      ipAddressPool('public', ['192.0.2.10']),
      plainService('a', { annotations: { 'metallb.io/allow-shared-ip': 'key' } }),
      plainService('web', { annotations: { 'metallb.io/allow-shared-ip': 'key' } }),
    ],
    change: [
      plainService('a', {
        annotations: { 'metallb.io/allow-shared-ip': 'key' },
        spec: { ports: [{ port: 443, protocol: 'TCP' }] },
      }),
    ],
    ips: ['192.0.2.10'],
    from: 'public',
  },
];

for (const row of rows) test(row.name, () => playConvergence(row));

test.run();
