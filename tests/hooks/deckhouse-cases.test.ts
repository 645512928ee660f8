import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hook as expandServices } from '../../modules/metallb/hooks/expand-services.ts';
import { hook as foldStatus } from '../../modules/metallb/hooks/fold-status.ts';
import { hook as labelNodes } from '../../modules/metallb/hooks/label-nodes.ts';
import type { Hook } from '../../modules/metallb/hooks/lib/hook.ts';
import { valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { CHILD_ANNOTATION, LABEL } from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { rankNodes } from '../../modules/metallb/src/placement/rank.ts';
import type { NewObject, Operation } from '../../modules/metallb/src/store/store.ts';
import {
  boundTo,
  type Cluster,
  child,
  classOf,
  conditionsAfter,
  contextsOf,
  createdBy,
  deletedBy,
  node,
  patched,
  service,
} from '../support/cluster-objects.ts';

const NOW = Date.UTC(2026, 0, 2);

const FRONTEND = { 'node-role/frontend': '' };
const EDGE = { 'node-role/edge': '' };
/** The cluster of Deckhouse's own hook test. */
const CLASSES = [
  classOf('config_mlbc', { nodeSelector: EDGE, l2: { interfaces: ['eth1', 'eth2'] } }),
  classOf('default_mlbc', {
    nodeSelector: FRONTEND,
    isDefault: true,
    addressPool: ['198.51.100.0/24', '10.3.29.0/24'],
  }),
  classOf('migrate_mlbc', { nodeSelector: FRONTEND, addressPool: ['203.0.113.0/24'] }),
];
const NODES = [
  node('frontend-1', FRONTEND),
  node('frontend-2', { ...FRONTEND, ...EDGE }),
  node('frontend-3', EDGE),
];

function run(hook: Hook, cluster: Cluster): readonly Operation[] {
  return hook.handle(contextsOf(cluster), NOW);
}

function expand(...services: KubernetesObject[]): readonly Operation[] {
  return run(expandServices, { classes: CLASSES, nodes: NODES, services });
}

/** `name on node`, with the requested IP and the sharing key where there are some. */
function described({ metadata }: NewObject): string {
  const { annotations = {} } = metadata;
  const { preferredNode, requestedIps, sharedIpKey } = CHILD_ANNOTATION;
  const wishes = [annotations[requestedIps], annotations[sharedIpKey]].filter(Boolean);
  return [`${metadata.name} on ${annotations[preferredNode]}`, ...wishes].join(' ');
}

function childrenOf(operations: readonly Operation[]): string[] {
  return createdBy(operations).map(described);
}

const BOUND = 'network.deckhouse.io/load-balancer-class=True/LoadBalancerClassBound';
test('1: an empty cluster asks for nothing', () => {
  for (const hook of [expandServices, foldStatus, labelNodes]) assert.equal(run(hook, {}), []);
});

test('2: of the classes, the one with isDefault is the default', () => {
  const bound = service('nginx');
  assert.equal(conditionsAfter(bound, expand(bound)), [`${BOUND}/default_mlbc`]);
});

test('3: spec.loadBalancerClass chooses the class; each child has the sharing key', () => {
  const operations = expand(
    service('nginx', {
      count: 2,
      sharedIpKey: '6.6.6.6',
      spec: { loadBalancerClass: 'config_mlbc' },
    }),
  );
  assert.equal(childrenOf(operations), [
    'nginx-config_mlbc-0 on frontend-2 6.6.6.6',
    'nginx-config_mlbc-1 on frontend-3 6.6.6.6',
  ]);
});

test('4: a Service without class gets the default one', () => {
  assert.equal(childrenOf(expand(service('nginx', { count: 2 }))), [
    'nginx-default_mlbc-0 on frontend-1',
    'nginx-default_mlbc-1 on frontend-2',
  ]);
});

test('5: a Service bound to a class that is absent gets no children; differently, a condition says so', () => {
  const bound = service('nginx', boundTo('status_mlbc'));
  const operations = expand(bound);
  assert.equal(childrenOf(operations), []);
  assert.match(
    conditionsAfter(bound, operations)[0] ?? '',
    /=False\/ClassNotFound\/MetalLoadBalancerClass "status_mlbc" does not exist/,
  );
});

test('6: an existing condition and ingress stay, the class condition comes last', () => {
  const before = service('nginx', {
    status: {
      loadBalancer: { ingress: [{ ip: '10.3.29.200' }] },
      conditions: [{ type: 'AllPublicIPsAssigned', status: 'True', reason: 'r', message: 'm' }],
    },
  });
  for (const hook of [expandServices, foldStatus]) {
    const after = patched(
      before,
      run(hook, { classes: CLASSES, nodes: NODES, services: [before] }),
    );
    assert.equal(valueAt(after.status, 'loadBalancer'), { ingress: [{ ip: '10.3.29.200' }] });
  }
  assert.equal(conditionsAfter(before, expand(before)), [
    'AllPublicIPsAssigned=True/r/m',
    `${BOUND}/default_mlbc`,
  ]);
});

test('7: a minimal Service gets one child; differently, absent fields are absent and the protocol is TCP', () => {
  const minimal = service('nginx', { spec: { ports: [{ port: 7474 }] } });
  const [only, ...others] = createdBy(expand(minimal));
  assert.equal(others, []);
  assert.equal(only?.['spec'], {
    externalTrafficPolicy: 'Cluster',
    internalTrafficPolicy: 'Cluster',
    ipFamilies: ['IPv4'],
    ports: [{ protocol: 'TCP', port: 7474 }],
    type: 'LoadBalancer',
    loadBalancerClass: 'l2-load-balancer-class.network.deckhouse.io',
    serviceRef: { name: 'nginx', namespace: 'default' },
  });
});

test('8: one requested IP goes to child 0, child 1 requests none', () => {
  assert.equal(childrenOf(expand(service('nginx', { count: 2, ips: '3.3.3.3' }))), [
    'nginx-default_mlbc-0 on frontend-1 3.3.3.3',
    'nginx-default_mlbc-1 on frontend-2',
  ]);
});

test('9: two requested IPs go to one child each, in the same order of nodes', () => {
  assert.equal(childrenOf(expand(service('nginx', { count: 2, ips: '1.1.1.1,2.2.2.2' }))), [
    'nginx-default_mlbc-0 on frontend-1 1.1.1.1',
    'nginx-default_mlbc-1 on frontend-2 2.2.2.2',
  ]);
});

test('10: the annotation beats the default class', () => {
  const operations = expand(service('nginx', { classAnnotation: 'migrate_mlbc' }));
  assert.equal(childrenOf(operations), ['nginx-migrate_mlbc-0 on frontend-2']);
});

test('11: differently, an annotation that names an unknown class is not answered with another one', () => {
  const asking = service('nginx', { classAnnotation: 'typo' });
  const operations = expand(asking);
  assert.equal(childrenOf(operations), []);
  assert.match(
    conditionsAfter(asking, operations)[0] ?? '',
    /False\/ClassNotFound\/MetalLoadBalancerClass "typo" does not exist: the Service gets no public IP until/,
  );
});

test("12: differently, a Service with another implementation's class is not touched", () => {
  assert.equal(expand(service('nginx', { spec: { loadBalancerClass: 'example.com/other' } })), []);
});

for (const count of ['0', '-2', 'abc', undefined]) {
  test(`13: the count ${count} means one child; differently, a wrong one is said so`, () => {
    const counted = service('nginx', count === undefined ? {} : { count });
    const operations = expand(counted);
    assert.is(childrenOf(operations).length, 1);
    const complaint = conditionsAfter(counted, operations).find((text) =>
      text.startsWith('network.deckhouse.io/annotations-valid=False/InvalidAnnotation'),
    );
    assert.is(complaint === undefined, count === undefined);
    if (count !== undefined) assert.match(complaint ?? '', `is "${count}": expected an integer`);
  });
}

test('14: five children on two nodes alternate', () => {
  const nodes = childrenOf(expand(service('nginx', { count: 5 }))).map((text) => text.slice(-1));
  assert.equal(nodes, ['1', '2', '1', '2', '1']);
});

test('15: requested IPs beyond the count are ignored; differently, this is said, and spaces are trimmed', () => {
  const greedy = service('nginx', { count: 2, ips: '1.1.1.1, 2.2.2.2, 3.3.3.3' });
  const operations = expand(greedy);
  const said = conditionsAfter(greedy, operations).join();
  assert.match(said, /InvalidAnnotation\/.*"3.3.3.3": expected as many addresses as public IPs, 2/);
  assert.equal(childrenOf(operations), [
    'nginx-default_mlbc-0 on frontend-1 1.1.1.1',
    'nginx-default_mlbc-1 on frontend-2 2.2.2.2',
  ]);
});

test('16: a class that selects no node makes no children; differently, existing ones stay and a condition says why', () => {
  const classes = [classOf('empty', { nodeSelector: { no: 'where' }, isDefault: true })];
  const lonely = service('nginx');
  const cluster = { classes, nodes: NODES, services: [lonely] };
  const operations = run(expandServices, cluster);
  assert.equal(childrenOf(operations), []);
  assert.match(
    conditionsAfter(lonely, operations).join(),
    /^network.deckhouse.io\/balancer-nodes-available=False\/NoBalancerNodes\/no node matches/,
  );
  const children = [child('nginx-empty-0', { service: 'nginx', className: 'empty', node: 'n1' })];
  assert.equal(deletedBy(run(expandServices, { ...cluster, children })), []);
});

test('17: an empty selector means every node, the control plane included', () => {
  const nodes = [node('master', { 'node-role.kubernetes.io/control-plane': '' }), node('worker')];
  const classes = [classOf('all', { isDefault: true })];
  const services = [service('nginx', { count: 2 })];
  const operations = run(expandServices, { classes, nodes, services });
  const on = childrenOf(operations).map((text) => text.split(' ').at(-1));
  assert.equal(on.sort(), ['master', 'worker']);
});

test('18: differently, there is no migration to wait for: a Service with IPs of MetalLB gets its child at once', () => {
  const status = { loadBalancer: { ingress: [{ ip: '198.51.100.7' }] } };
  const operations = expand(service('nginx', { status }));
  assert.equal(childrenOf(operations), ['nginx-default_mlbc-0 on frontend-1']);
});

test('19: differently, when the bound class is deleted the children stay, and all is as before when it returns', () => {
  const children = [
    child('nginx-gone-0', {
      service: 'nginx',
      className: 'gone',
      node: 'frontend-1',
      ips: ['192.0.2.10'],
    }),
  ];
  const bound = service('nginx', boundTo('gone'));
  const without = run(expandServices, {
    classes: CLASSES,
    nodes: NODES,
    services: [bound],
    children,
  });
  assert.equal(deletedBy(without), []);
  const stranded = patched(bound, without);
  assert.match(conditionsAfter(stranded, []).join(), /False\/ClassNotFound.*public IPs stay/);

  const returned = [...CLASSES, classOf('gone', { nodeSelector: FRONTEND })];
  const cluster = { classes: returned, nodes: NODES, services: [stranded], children };
  const with_ = run(expandServices, cluster);
  assert.equal([childrenOf(with_), deletedBy(with_)], [[], []]);
  assert.equal(conditionsAfter(stranded, with_), [`${BOUND}/gone`]);
});

test('20: differently, an annotation changed after binding moves the Service: that is its owner’s own wish', () => {
  const children = [
    child('nginx-default_mlbc-0', {
      service: 'nginx',
      className: 'default_mlbc',
      node: 'frontend-1',
    }),
  ];
  const moved = service('nginx', { classAnnotation: 'migrate_mlbc', ...boundTo('default_mlbc') });
  const operations = run(expandServices, {
    classes: CLASSES,
    nodes: NODES,
    services: [moved],
    children,
  });
  assert.equal(deletedBy(operations), ['nginx-default_mlbc-0']);
  assert.equal(childrenOf(operations), ['nginx-migrate_mlbc-0 on frontend-2']);
  assert.equal(conditionsAfter(moved, operations), [`${BOUND}/migrate_mlbc`]);
});

test('20: without a wish of its own, the bound class beats a new default', () => {
  const sticky = service('nginx', boundTo('migrate_mlbc'));
  assert.equal(childrenOf(expand(sticky)), ['nginx-migrate_mlbc-0 on frontend-2']);
});

test('21: children of a Service that becomes ClusterIP vanish', () => {
  const children = [child('nginx-default_mlbc-0', { service: 'nginx', className: 'default_mlbc' })];
  const services = [service('nginx', { spec: { type: 'ClusterIP' } })];
  const operations = run(expandServices, { classes: CLASSES, nodes: NODES, services, children });
  assert.equal(deletedBy(operations), ['nginx-default_mlbc-0']);
  assert.is(operations.length, 1);
});

for (const [className, order] of [
  ['ingress', 'lb-2 lb-1 lb-3 lb-5 lb-4'],
  ['edge', 'lb-1 lb-3 lb-4 lb-5 lb-2'],
  ['l2-default', 'lb-2 lb-3 lb-5 lb-4 lb-1'],
] as const) {
  test(`22: the first Service of class ${className} lands on its nodes in Deckhouse's order`, () => {
    const names = ['lb-1', 'lb-2', 'lb-3', 'lb-4', 'lb-5'];
    const operations = run(expandServices, {
      classes: [classOf(className, { isDefault: true })],
      nodes: names.map((name) => node(name)),
      services: [service('nginx', { count: 5 })],
    });
    const on = childrenOf(operations).map((text) => text.split(' ').at(-1));
    assert.is(on.join(' '), order);
    assert.equal(rankNodes(className, names).join(' '), order);
  });
}

const MEMBER = { [LABEL.member]: '' };

test('23: the member label stays, goes and comes with the selectors', () => {
  const nodes = [
    node('labelled-matching', { ...FRONTEND, ...MEMBER }),
    node('labelled-other', MEMBER),
    node('matching', FRONTEND),
  ];
  const operations = run(labelNodes, { classes: CLASSES, nodes });
  assert.equal(
    nodes.map((item) => patched(item, operations).metadata.labels),
    [{ ...FRONTEND, ...MEMBER }, {}, { ...FRONTEND, ...MEMBER }],
  );
  assert.is(operations.length, 2);
});

test('24: without classes no node keeps the member label', () => {
  const labelled = node('n1', MEMBER);
  const operations = run(labelNodes, { nodes: [labelled, node('n2')] });
  assert.equal(patched(labelled, operations).metadata.labels, {});
  assert.is(operations.length, 1);
});

test('25: a node that is NotReady keeps its label and its children', () => {
  const status = { conditions: [{ type: 'Ready', status: 'False' }] };
  const nodes = [{ ...node('frontend-1', { ...FRONTEND, ...MEMBER }), status }];
  const services = [service('nginx', boundTo('default_mlbc'))];
  assert.equal(run(labelNodes, { classes: CLASSES, nodes }), []);
  const operations = run(expandServices, { classes: CLASSES, nodes, services });
  assert.equal(childrenOf(operations), ['nginx-default_mlbc-0 on frontend-1']);
});

function fold(of: KubernetesObject, children: readonly KubernetesObject[]) {
  const operations = run(foldStatus, { services: [of], children });
  const { status } = patched(of, operations);
  const ingress = valueAt(status, 'loadBalancer', 'ingress');
  return { operations, ingress, conditions: conditionsAfter(of, operations) };
}

const ip = (index: number, ...ips: string[]) =>
  child(`nginx-c-${index}`, { service: 'nginx', className: 'c', ips });

test('26: two of two IPs: both in the ingress, the earlier class condition first', () => {
  const { ingress, conditions } = fold(service('nginx', boundTo('c')), [
    ip(0, '10.0.0.1'),
    ip(1, '10.0.0.2'),
  ]);
  assert.equal(ingress, [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }]);
  assert.equal(conditions, [
    `${BOUND}/c`,
    'AllPublicIPsAssigned=True/AllIPsAssigned/2 of 2 public IPs were assigned',
  ]);
});

test('27: two of three IPs: the condition is False', () => {
  const { ingress, conditions } = fold(service('nginx'), [
    ip(0, '10.0.0.1'),
    ip(1),
    ip(2, '10.0.0.3'),
  ]);
  assert.equal(ingress, [{ ip: '10.0.0.1' }, { ip: '10.0.0.3' }]);
  assert.equal(conditions, [
    'AllPublicIPsAssigned=False/NotAllIPsAssigned/2 of 3 public IPs were assigned',
  ]);
});

test('28: a child whose Service is gone changes no status', () => {
  assert.equal(run(foldStatus, { children: [ip(0, '10.0.0.1')] }), []);
});

test('29: differently, such a child never keeps another Service from being updated', () => {
  const orphan = child('a-c-0', { service: 'a', className: 'c', ips: ['10.0.0.9'] });
  const operations = run(foldStatus, {
    services: [service('nginx')],
    children: [orphan, ip(0, '10.0.0.1')],
  });
  assert.equal(
    operations.map((operation) => operation.do === 'patch' && operation.ref.name),
    ['nginx'],
  );
});

test('30: of a child with two ingress IPs the first is taken', () => {
  assert.equal(fold(service('nginx'), [ip(0, '10.0.0.1', '10.0.0.2')]).ingress, [
    { ip: '10.0.0.1' },
  ]);
});

test.run();
