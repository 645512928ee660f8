import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  leavingChildren,
  type PurgeView,
  planPurge,
} from '../../modules/metallb/hooks/lib/purge-plan.ts';
import { hook } from '../../modules/metallb/hooks/purge.ts';
import { CHILD_KIND, CLASS_KIND, LABEL } from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import { ONE_OF_EACH, serviceBgpStatus } from '../support/bgp-objects.ts';
import { boundTo, child, classOf, contextsOf, node, service } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';
import {
  ipAddressPool,
  l2Advertisement,
  metalLoadBalancerPool,
  plainService,
  serviceL2Status,
} from '../support/metallb-objects.ts';

const FOREIGN_CONDITION = { type: 'example.com/other', status: 'True' };
const INGRESS = { ingress: [{ ip: '192.0.2.10', ipMode: 'VIP' }] };
const ASSIGNED = { type: 'AllPublicIPsAssigned', status: 'True' };
const BOUND = boundTo('c').status.conditions[0] ?? {};

const METALLB_KINDS = [
  'IPAddressPool',
  'MetalLoadBalancerPool',
  'L2Advertisement',
  ...(['BGPPeer', 'BGPAdvertisement', 'BFDProfile', 'Community'] as const),
  ...(['MetalLoadBalancerBGPPeer', 'MetalLoadBalancerConfiguration'] as const),
  'ServiceL2Status',
  'ServiceBGPStatus',
  'ConfigurationState',
] as const;
const NOTHING: PurgeView = { services: [], children: [], nodes: [], classes: [], metallb: [] };

function ownedBy(name: string, uid = `uid-default-${name}`): object {
  const owner = { apiVersion: 'v1', kind: 'Service', name, uid, controller: true };
  return { ownerReferences: [owner], uid: `uid-child-of-${name}` };
}

const childOf = (name: string, metadata: object = ownedBy(name)) =>
  child(`${name}-c-0`, { service: name, className: 'c', ips: ['192.0.2.10'] }, { metadata });

/** `Kind object: what goes` */
function planned(view: Partial<PurgeView>): string[] {
  return planPurge({ ...NOTHING, ...view }).map(
    ({ kind, object, parts }) => `${kind} ${object}: ${parts.join(', ')}`,
  );
}

function viewOf(store: MemoryStore): PurgeView {
  return {
    services: store.list('Service'),
    children: store.list(CHILD_KIND),
    nodes: store.list('Node'),
    classes: store.list(CLASS_KIND),
    metallb: METALLB_KINDS.flatMap((kind) => store.list(kind)),
  };
}

/** What a controller has left, which does not run any more. */
async function leftBehind(): Promise<MemoryStore> {
  const labels = { role: 'edge' };
  const edge = classOf('edge', { isDefault: true, nodeSelector: labels });
  const bench = new ControllerBench([
    ...[edge, classOf('spare', { isDefault: true, addressPool: ['198.51.100.0/24'] })],
    ...[node('n1', labels), node('n2', labels), node('other')],
    ...[service('web', { count: 2 }), service('odd', { count: 'many' })],
    service('lost', { spec: { loadBalancerClass: 'foreign.example.com/lb' } }),
  ]);
  await bench.settle();
  assert.is(bench.ips('web').length, 2);
  const store = new MemoryStore(bench.clock);
  store.load(Object.values(viewOf(bench.store)).flat());
  return store;
}

test('what a controller wrote is found whole and removed whole, and then nothing is left to find', async () => {
  const store = await leftBehind();
  const before = store.list('Service').map(({ spec, metadata }) => [metadata.name, spec]);
  for (const { operations } of planPurge(viewOf(store))) {
    for (const operation of operations) await store.write(operation);
  }
  const { services, children, nodes, classes } = viewOf(store);
  assert.equal(children, []);
  for (const { metadata, status } of services) {
    assert.equal(status ?? {}, emptied(status), metadata.name);
  }
  assert.equal(
    services.map(({ spec, metadata }) => [metadata.name, spec]),
    before,
  );
  for (const { metadata } of nodes) assert.not.ok(metadata.labels?.[LABEL.member] !== undefined);
  for (const { status } of classes) assert.equal(status, { conditions: [] });
  assert.equal(planPurge(viewOf(store)), []);
});

function emptied(status: unknown): object {
  if (status === undefined) return {};
  const { loadBalancer } = status as { loadBalancer?: unknown };
  return { ...(loadBalancer !== undefined && { loadBalancer: {} }), conditions: [] };
}

test('broken off after the Services or after the children, it finds the rest', async () => {
  for (const isFirst of ['Service', CHILD_KIND]) {
    const store = await leftBehind();
    const all = planPurge(viewOf(store));
    const [first, others] = [
      all.filter(({ kind }) => kind === isFirst),
      all.filter(({ kind }) => kind !== isFirst),
    ];
    for (const { operations } of first) {
      for (const operation of operations) await store.write(operation);
    }
    const told = ({ kind, object }: { kind: string; object: string }) => `${kind} ${object}`;
    assert.equal(planPurge(viewOf(store)).map(told), others.map(told));
    assert.ok(others.length > 0);
  }
});

const statusOf = (...conditions: readonly object[]) => ({ loadBalancer: INGRESS, conditions });

const SERVICES: [string, KubernetesObject[], KubernetesObject[], string[]][] = [
  [
    'a Service of another load balancer is left alone',
    [service('web', { status: statusOf(FOREIGN_CONDITION) })],
    [],
    [],
  ],
  [
    'with children, its IPs and our conditions go, those of others stay',
    [service('web', { status: statusOf(FOREIGN_CONDITION, BOUND, ASSIGNED) })],
    [childOf('web')],
    [
      'Service default/web: IP 192.0.2.10, condition network.deckhouse.io/load-balancer-class, condition AllPublicIPsAssigned',
      'SDNInternalL2LBService default/web-c-0: ',
    ],
  ],
  [
    'one that moved to another load balancer keeps the IPs of that',
    [service('web', { status: statusOf(BOUND) })],
    [],
    ['Service default/web: condition network.deckhouse.io/load-balancer-class'],
  ],
  [
    'without children any more, its conditions say whose the IPs are',
    [service('web', { status: statusOf(BOUND, ASSIGNED) })],
    [],
    [
      'Service default/web: IP 192.0.2.10, condition network.deckhouse.io/load-balancer-class, condition AllPublicIPsAssigned',
    ],
  ],
  [
    'a child of a predecessor says nothing about the IPs of its successor',
    [service('web', { status: statusOf(FOREIGN_CONDITION) })],
    [childOf('web', ownedBy('web', 'uid-of-the-first'))],
    ['SDNInternalL2LBService default/web-c-0: '],
  ],
  [
    'what Deckhouse’s own module rendered, without an owner, is its own',
    [service('web', { status: statusOf(BOUND, ASSIGNED) })],
    [childOf('web', {})],
    [],
  ],
  [
    'nor is a child ours that something else than a Service controls',
    [],
    [
      childOf('web', {
        ownerReferences: [
          { apiVersion: 'v1', kind: 'Service', name: 'web', uid: 'uid-default-web' },
          { apiVersion: 'v1', kind: 'ConfigMap', name: 'web', uid: 'uid', controller: true },
        ],
      }),
    ],
    [],
  ],
  [
    'a child that is being deleted needs no second deletion',
    [],
    [childOf('web', { ...ownedBy('web'), deletionTimestamp: '2026-01-01T00:00:00Z' })],
    [],
  ],
];
for (const [sentence, services, children, expected] of SERVICES) {
  test(sentence, () => assert.equal(planned({ services, children }), expected));
}

test('of a Node go the member label and the conditions that speakers write, each tested by name', () => {
  const own = 'network.deckhouse.io/Deaf';
  const conditions = [{ type: 'Ready' }, { type: own }, { type: 'network.deckhouse.io/Other' }];
  const labelled = { ...node('n1', { [LABEL.member]: '', a: 'b' }), status: { conditions } };
  const view = { ...NOTHING, nodes: [labelled, node('n2', { a: 'b' })] };
  assert.equal(planned(view), [`Node n1: label ${LABEL.member}, condition ${own}`]);
  assert.equal(planPurge(view)[0]?.operations.at(-1), {
    do: 'patch',
    ref: { kind: 'Node', namespace: undefined, name: 'n1' },
    subresource: 'status',
    patch: [
      { op: 'test', path: '/status/conditions/1/type', value: own },
      { op: 'remove', path: '/status/conditions/1' },
    ],
  });
});

test('whatever the class, its spec is its user’s', () => {
  const written = { ...classOf('c'), status: { nodeCount: 1, more: 'of others', conditions: [] } };
  assert.equal(planned({ classes: [classOf('d'), written] }), [
    'MetalLoadBalancerClass c: status.nodeCount',
  ]);
});

test('children that wait for somebody’s finalizer are told with it', () => {
  const metadata = {
    ...{ ...ownedBy('web'), deletionTimestamp: '2026-01-01T00:00:00Z' },
    finalizers: ['example.com/hold'],
  };
  assert.equal(leavingChildren([childOf('web', metadata), childOf('api')]), [
    { child: 'default/web-c-0', finalizers: ['example.com/hold'] },
  ]);
});

test("of MetalLB's API goes what says how it is; what Services have of it stays as MetalLB would leave it", async () => {
  const own = serviceL2Status('l2-own', 'web');
  const { metadata } = serviceL2Status('metallbs', 'web');
  const pod = { apiVersion: 'v1', kind: 'Pod', name: 'speaker-a', uid: 'u' };
  const foreignState = {
    ...{ apiVersion: 'metallb.io/v1beta1', kind: 'ConfigurationState' },
    metadata: { ...metadata, name: 'speaker-n1', ownerReferences: [pod] },
  };
  const bench = new ControllerBench([
    ...[ipAddressPool('public', ['192.0.2.10']), metalLoadBalancerPool('spare', ['192.0.2.11'])],
    ...[l2Advertisement('all'), plainService('web')],
    { ...serviceL2Status('metallbs', 'web'), status: { node: 'n1' } },
  ]);
  await bench.settle();
  // As speakers tell it.
  bench.store.put(own);
  const store = new MemoryStore(bench.clock);
  store.load(Object.values(viewOf(bench.store)).flat());
  store.load([foreignState]);
  const plan = planPurge(viewOf(store));
  assert.equal(
    plan.map(({ kind, object, parts }) => `${kind} ${object}: ${parts.join(', ')}`),
    [
      'Service default/web: condition metallb.io/ip-address-pool, condition network.deckhouse.io/ips-announceable',
      'IPAddressPool metallb-system/public: condition Accepted, condition Advertised',
      'MetalLoadBalancerPool spare: condition Accepted, condition Advertised',
      'L2Advertisement metallb-system/all: condition Accepted',
      'ServiceL2Status metallb-system/l2-own: ',
      'ConfigurationState metallb-system/controller: ',
    ],
  );
  for (const { operations } of plan) {
    for (const operation of operations) await store.write(operation);
  }
  assert.equal(planPurge(viewOf(store)), []);
  const [web] = store.list('Service');
  assert.equal(web?.status, { loadBalancer: { ingress: [{ ip: '192.0.2.10' }] }, conditions: [] });
  assert.is(web?.metadata.annotations?.['metallb.io/ip-allocated-from-pool'], 'public');
  const [pool] = store.list('IPAddressPool');
  const counters = { assignedIPv4: 1, assignedIPv6: 0, availableIPv4: 0, availableIPv6: 0 };
  assert.equal(pool?.status, { ...counters, conditions: [] });
  const left = (['ServiceL2Status', 'ConfigurationState'] as const).flatMap((kind) =>
    store.list(kind),
  );
  assert.equal(
    left.map(({ metadata: { name } }) => name),
    ['metallbs', 'speaker-n1'],
  );
});

test('of objects of BGP goes what says whether they are in force, and what nodes told by them', async () => {
  const told = serviceBgpStatus('web', 'n1');
  const foreign = { ...told, metadata: { ...told.metadata, name: 'bgp-x7k2p', uid: 'other' } };
  const bench = new ControllerBench([
    ...ONE_OF_EACH,
    node('n1'),
    plainService('web'),
    told,
    foreign,
  ]);
  await bench.settle();
  const store = new MemoryStore(bench.clock);
  store.load(Object.values(viewOf(bench.store)).flat());
  store.load([told]);
  const plan = planPurge({ ...viewOf(store), services: [], nodes: [] });
  assert.equal(
    plan.map(({ kind, object, parts }) => `${kind} ${object}: ${parts.join(', ')}`),
    [
      'BGPPeer metallb-system/tor: condition Accepted',
      'BGPAdvertisement metallb-system/all: condition Accepted',
      'BFDProfile metallb-system/fast: condition Accepted',
      'Community metallb-system/names: condition Accepted',
      'MetalLoadBalancerBGPPeer spine: condition Accepted',
      'MetalLoadBalancerConfiguration edge: condition Accepted',
      `ServiceBGPStatus metallb-system/${told.metadata.name}: `,
      'ConfigurationState metallb-system/controller: ',
    ],
  );
  for (const { operations } of plan) {
    for (const operation of operations) await store.write(operation);
  }
  assert.equal(planPurge({ ...viewOf(store), services: [], nodes: [] }), []);
  assert.equal(
    store.list('ServiceBGPStatus').map(({ metadata }) => metadata.name),
    ['bgp-x7k2p'],
  );
});

test('the hook asks for it after the release is deleted, and for nothing whenever else', () => {
  const status = statusOf(BOUND, ASSIGNED);
  const [context] = contextsOf({
    services: [service('web', { status })],
    children: [childOf('web')],
    nodes: [node('n1', { [LABEL.member]: '' })],
  });
  const asked = (binding: string) =>
    hook.handle(context === undefined ? [] : [{ ...context, binding }], 0);
  assert.equal(
    asked('afterDeleteHelm').map(({ do: verb }) => verb),
    ['patch', 'delete', 'patch'],
  );
  for (const other of ['services', 'beforeHelm', 'main', 'onStartup'])
    assert.equal(asked(other), []);
});

test.run();
