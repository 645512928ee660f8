import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hook } from '../../modules/metallb/hooks/expand-services.ts';
import { valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import {
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

const NODES = [node('n1'), node('n2')];
const DEFAULT = classOf('c', { isDefault: true });

function run(cluster: Cluster) {
  return hook.handle(contextsOf({ classes: [DEFAULT], nodes: NODES, ...cluster }), 0);
}

function namesOf(cluster: Cluster): string[] {
  return createdBy(run(cluster)).map(({ metadata }) => metadata.name);
}

const ownedBy = (kind: string, name: string, uid: string) => ({
  metadata: { ownerReferences: [{ apiVersion: 'v1', kind, name, uid, controller: true }] },
});

test('a child carries everything of its Service that traffic depends on', () => {
  const carried = {
    allocateLoadBalancerNodePorts: false,
    clusterIP: '10.0.0.1',
    clusterIPs: ['10.0.0.1'],
    externalIPs: ['198.51.100.7'],
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 30_001,
    internalTrafficPolicy: 'Local',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    loadBalancerSourceRanges: ['192.0.2.0/24'],
    ports: [{ name: 'web', protocol: 'TCP', port: 80, targetPort: 'http', nodePort: 30_000 }],
    publishNotReadyAddresses: true,
    selector: { app: 'nginx' },
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
  };
  const services = [service('nginx', { spec: { ...carried, externalName: 'not carried' } })];
  const [made] = createdBy(run({ services }));
  assert.equal(made?.['spec'], {
    ...carried,
    type: 'LoadBalancer',
    loadBalancerClass: 'l2-load-balancer-class.network.deckhouse.io',
    serviceRef: { namespace: 'default', name: 'nginx' },
  });
  assert.equal(made?.metadata, {
    name: 'nginx-c-0',
    namespace: 'default',
    labels: { 'parent-service': 'nginx', heritage: 'deckhouse', module: 'metallb' },
    annotations: { 'metallb.io/preferredL2SpeakerNode': 'n1', 'metallb.io/address-pool': 'c' },
    ownerReferences: [
      {
        apiVersion: 'v1',
        kind: 'Service',
        name: 'nginx',
        uid: 'uid-default-nginx',
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  });
});

test('what is as it shall be is not written', () => {
  const nginx = service('nginx', { count: 2 });
  const first = run({ services: [nginx] });
  const children = createdBy(first).map((made): KubernetesObject => {
    const stamps = {
      uid: `uid-${made.metadata.name}`,
      resourceVersion: '1',
      creationTimestamp: '',
    };
    return {
      ...made,
      apiVersion: made.apiVersion,
      kind: made.kind,
      metadata: { ...made.metadata, ...stamps },
    };
  });
  assert.equal(run({ services: [patched(nginx, first)], children }), []);
});

test('only what differs is patched; foreign annotations and fields stay', () => {
  const nginx = service('nginx', { spec: { ports: [{ port: 81, protocol: null }] } });
  const old = child(
    'nginx-c-0',
    { service: 'nginx', className: 'c', node: 'n2' },
    {
      metadata: {
        labels: { 'parent-service': 'nginx', heritage: 'deckhouse', module: 'metallb', mine: 'x' },
      },
      spec: { type: 'LoadBalancer', loadBalancerClass: 'old', selector: { app: 'old' }, other: 1 },
    },
  );
  const after = patched(old, run({ services: [nginx], children: [old] }));
  assert.is(after.metadata.labels?.['mine'], 'x');
  assert.is(valueAt(after.spec, 'other'), 1);
  assert.is(valueAt(after.spec, 'selector'), undefined);
  assert.equal(valueAt(after.spec, 'ports'), [{ port: 81, protocol: 'TCP' }]);
  assert.is(after.metadata.ownerReferences?.[0]?.uid, 'uid-default-nginx');
  assert.is(after.metadata.annotations?.['metallb.io/preferredL2SpeakerNode'], 'n2');
});

const FORCE = 'network.deckhouse.io/force-address';
const forces: [written: string | undefined, before: string | undefined, after: unknown][] = [
  ['true', undefined, 'true'],
  [undefined, 'true', undefined],
  ['false', 'true', undefined],
  ['please', undefined, undefined],
];
for (const [written, before, expected] of forces) {
  test(`force-address ${written} on the Service makes ${before} on its child ${expected}`, () => {
    const nginx = service('nginx', written === undefined ? {} : { forceAddress: written });
    const at = { service: 'nginx', className: 'c', node: 'n1' };
    const old = child('nginx-c-0', at, {
      metadata: {
        annotations: {
          'metallb.io/address-pool': 'c',
          ...(before === undefined ? {} : { [FORCE]: before }),
        },
      },
    });
    const after = patched(old, run({ services: [nginx], children: [old] }));
    assert.is(after.metadata.annotations?.[FORCE], expected);
  });
}

test('what an unreadable force-address means is said on the Service', () => {
  const nginx = service('nginx', { forceAddress: 'please' });
  assert.match(
    conditionsAfter(nginx, run({ services: [nginx] })).join(),
    /annotations-valid=False\/InvalidAnnotation\/.*force-address\] is "please": expected true or false/,
  );
});

for (const [name, wish, complaint] of [
  [
    'without a count there is one IP, so a second requested one is told to be unused',
    { ips: '192.0.2.18, 192.0.2.19' },
    /is "192.0.2.19": expected as many addresses as public IPs, 1 now: raise .*external-ips-count; this one is not used$/,
  ],
  [
    'of a dual-stack Service each family has its own count',
    {
      ips: '192.0.2.18, 2001:db8::1, 192.0.2.19',
      spec: { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' },
    },
    /is "192.0.2.19": expected as many addresses as public IPs, 1 now/,
  ],
  ['as many as there are IPs are no mistake', { count: 2, ips: '192.0.2.18,192.0.2.19' }, /^$/],
  [
    'auto may have some in store for nodes to come',
    { count: 'auto', ips: '192.0.2.18, ,192.0.2.19' },
    /^$/,
  ],
] as const) {
  test(`requested IPs: ${name}`, () => {
    const nginx = service('nginx', wish);
    const [said = ''] = conditionsAfter(nginx, run({ services: [nginx] })).filter((text) =>
      text.startsWith('network.deckhouse.io/annotations-valid'),
    );
    assert.match(said, complaint);
  });
}

test('two Services that would name their children alike both get theirs', () => {
  const classes = [classOf('b-c'), classOf('c', { addressPool: ['198.51.100.0/24'] })];
  const a = service('a', { classAnnotation: 'b-c' });
  const held = child('a-b-c-0', { service: 'a', className: 'b-c', node: 'n1' });
  const [name = '', ...others] = namesOf({
    classes,
    services: [a, service('a-b', { classAnnotation: 'c' })],
    children: [held],
  });
  assert.equal(others, []);
  assert.match(name, /^a-b-c-[0-9a-f]{8}-0$/);
});

test('names over 63 characters are cut and told apart', () => {
  const long = 'x'.repeat(60);
  const [first = '', second = ''] = namesOf({
    services: [service(`${long}-1`), service(`${long}-2`)],
  });
  assert.is.not(first, second);
  for (const name of [first, second]) assert.ok(name.length <= 63, name);
});

test('a child of another kind of owner is neither adopted nor deleted', () => {
  const foreign = child(
    'nginx-c-0',
    { service: 'nginx', className: 'c' },
    ownedBy('Deployment', 'nginx', 'd'),
  );
  const cluster = { services: [service('nginx')], children: [foreign] };
  assert.match(namesOf(cluster)[0] ?? '', /^nginx-c-[0-9a-f]{8}-0$/);
  assert.equal(deletedBy(run(cluster)), []);
  assert.equal(deletedBy(run({ children: [foreign] })), []);
});

test('a child of a Service that was deleted and made anew is replaced', () => {
  const stale = child(
    'nginx-c-0',
    { service: 'nginx', className: 'c' },
    ownedBy('Service', 'nginx', 'old'),
  );
  const cluster = { services: [service('nginx')], children: [stale] };
  assert.equal(
    run(cluster)
      .map((operation) => operation.do)
      .slice(0, 2),
    ['delete', 'create'],
  );
  assert.equal(namesOf(cluster), ['nginx-c-0']);
});

test('children whose Service is gone are deleted', () => {
  const children = [child('gone-c-0', { service: 'gone', className: 'c' })];
  assert.equal(deletedBy(run({ children })), ['gone-c-0']);
});

const DUAL = {
  ipFamilies: ['IPv4', 'IPv6'],
  clusterIPs: ['10.0.0.1', 'fd00::1'],
  clusterIP: '10.0.0.1',
};

test('a dual-stack Service has a child of each family for each number, on one node, with its own cluster IP', () => {
  const classes = [
    classOf('c', { isDefault: true, addressPool: ['192.0.2.0/24', '2001:db8::/64'] }),
  ];
  const wish = {
    count: 2,
    ips: '2001:db8::9,192.0.2.9',
    spec: { ...DUAL, ipFamilyPolicy: 'RequireDualStack' },
  };
  const made = createdBy(run({ classes, services: [service('nginx', wish)] }));
  assert.equal(
    made.map(({ metadata, ...rest }) => [
      metadata.name,
      metadata.annotations?.['metallb.io/preferredL2SpeakerNode'],
      metadata.annotations?.['metallb.io/loadBalancerIPs'],
      ...['ipFamilies', 'ipFamilyPolicy', 'clusterIP', 'clusterIPs'].map((name) =>
        valueAt(rest, 'spec', name),
      ),
    ]),
    [
      ['nginx-c-0', 'n1', '192.0.2.9', ['IPv4'], 'SingleStack', '10.0.0.1', ['10.0.0.1']],
      ['nginx-c-0-ipv6', 'n1', '2001:db8::9', ['IPv6'], 'SingleStack', 'fd00::1', ['fd00::1']],
      ['nginx-c-1', 'n2', undefined, ['IPv4'], 'SingleStack', '10.0.0.1', ['10.0.0.1']],
      ['nginx-c-1-ipv6', 'n2', undefined, ['IPv6'], 'SingleStack', 'fd00::1', ['fd00::1']],
    ],
  );
});

test('a family that the pool lost keeps the children that have an IP', () => {
  const services = [service('nginx', { spec: { ...DUAL, ipFamilyPolicy: 'PreferDualStack' } })];
  const held = child('nginx-c-0-ipv6', { service: 'nginx', className: 'c', ips: ['2001:db8::1'] });
  assert.equal(deletedBy(run({ services, children: [held] })), []);
  const empty = child('nginx-c-0-ipv6', { service: 'nginx', className: 'c' });
  assert.equal(deletedBy(run({ services, children: [empty] })), ['nginx-c-0-ipv6']);
});

test('when every node drains, children stay and a condition says so', () => {
  const nodes = [node('n1', {}, { 'network.deckhouse.io/drain-balancer': '' })];
  const nginx = service('nginx', { count: 2 });
  const children = [child('nginx-c-0', { service: 'nginx', className: 'c', node: 'n1' })];
  const operations = run({ nodes, services: [nginx], children });
  assert.equal([createdBy(operations), deletedBy(operations)], [[], []]);
  assert.match(
    conditionsAfter(nginx, operations).join(),
    /balancer-nodes-available=False\/NoBalancerNodes\/every node of MetalLoadBalancerClass "c" is draining/,
  );
});

test('of two default classes the oldest is used', () => {
  const late = classOf(
    'a-late',
    { isDefault: true, addressPool: ['198.51.100.0/24'] },
    '2026-06-01T00:00:00Z',
  );
  assert.equal(namesOf({ classes: [late, DEFAULT], services: [service('nginx')] }), ['nginx-c-0']);
});

test('a class chosen in spec stays when it is deleted, if it was bound; else the Service is another’s', () => {
  const wish = { spec: { loadBalancerClass: 'deleted' } };
  const children = [child('nginx-deleted-0', { service: 'nginx', className: 'deleted' })];
  const nginx = service('nginx', wish);
  const operations = run({ services: [nginx], children });
  assert.equal(deletedBy(operations), []);
  assert.match(
    conditionsAfter(nginx, operations).join(),
    /ClassNotFound.*public IPs stay as they are/,
  );
  assert.equal(run({ services: [nginx] }), []);
});

for (const wish of [{ spec: { loadBalancerClass: 'bad' } }, { classAnnotation: 'bad' }]) {
  test(`a class that is there but refused is not called missing: ${Object.keys(wish)}`, () => {
    const bad = classOf('bad', { addressPool: ['192.0.2.300'] });
    const nginx = service('nginx', wish);
    const operations = run({ classes: [DEFAULT, bad], services: [nginx] });
    assert.equal(createdBy(operations), []);
    assert.equal(conditionsAfter(nginx, operations), [
      'network.deckhouse.io/load-balancer-class=False/ClassInvalid/MetalLoadBalancerClass "bad" is not valid, its condition Accepted says why: the Service gets no public IP until it is or another class is chosen',
    ]);
  });
}

test('a status that somebody overwrote does not loosen the binding: the children remember', () => {
  const classes = [DEFAULT, classOf('other', { addressPool: ['198.51.100.0/24'] })];
  const nginx = service('nginx');
  const children = [child('nginx-other-0', { service: 'nginx', className: 'other', node: 'n1' })];
  const operations = run({ classes, services: [nginx], children });
  assert.equal(deletedBy(operations), []);
  assert.match(conditionsAfter(nginx, operations).join(), /=True\/LoadBalancerClassBound\/other/);
});

test('a class that comes without nodes ends the complaint that it was missing, and binds nobody yet', () => {
  const other = service('nginx', { classAnnotation: 'late' });
  const complained = patched(other, run({ services: [other] }));
  assert.match(conditionsAfter(complained, []).join(), /ClassNotFound/);
  const late = classOf('late', { nodeSelector: { role: 'nobody' } });
  const operations = run({ classes: [late], services: [complained] });
  assert.equal(conditionsAfter(complained, operations), [
    'network.deckhouse.io/balancer-nodes-available=False/NoBalancerNodes/no node matches spec.nodeSelector of MetalLoadBalancerClass "late": existing public IPs stay where they are, new ones wait for a node',
  ]);
});

const PREFERRED = 'metallb.io/preferredL2SpeakerNode';
const types: [type: string, preferred: string | undefined][] = [
  ['L2', 'n1'],
  ['L2AndBGP', 'n1'],
  ['BGP', undefined],
];
for (const [type, preferred] of types) {
  test(`a child of a class of type ${type} has ${preferred ?? 'no'} preferred node, a new one and one that had n2`, () => {
    const classes = [classOf('c', { isDefault: true, type })];
    const services = [service('nginx', { count: 1 }), service('web', { count: 2 })];
    const [made] = createdBy(run({ classes, services: services.slice(0, 1) }));
    assert.is(made?.metadata.annotations?.[PREFERRED], preferred);
    const old = child('web-c-0', { service: 'web', className: 'c', node: 'n2' });
    const operations = run({ classes, services, children: [old] });
    const after = patched(old, operations);
    assert.is(after.metadata.annotations?.[PREFERRED], preferred && 'n2');
    assert.equal(deletedBy(operations), []);
  });
}

test('of a class of type BGP a new IP waits for a node, too, and an old one keeps what it says', () => {
  const classes = [classOf('c', { isDefault: true, type: 'BGP', nodeSelector: { zone: 'none' } })];
  const services = [service('nginx', { count: 2 })];
  const old = child('nginx-c-0', { service: 'nginx', className: 'c', node: 'n2' });
  const operations = run({ classes, services, children: [old] });
  assert.equal(createdBy(operations), []);
  assert.is(patched(old, operations).metadata.annotations?.[PREFERRED], 'n2');
});

test.run();
