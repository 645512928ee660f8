import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Duty } from '../../modules/metallb/src/duty/duty.ts';
import type { NewObject } from '../../modules/metallb/src/store/store.ts';
import {
  addressPool,
  advertisement,
  announcedService,
  l2Status,
} from '../support/announced-objects.ts';
import { BoardFixture, names } from '../support/board-fixture.ts';
import { assignedChild, balancerClass, balancerNode, sliceOf } from '../support/cluster.ts';
import { dutyAfter, GROUP, IP, labelled, metallb, metallbWith } from '../support/metallb-board.ts';

const fromPool = (name: string) => ({
  annotations: { 'metallb.io/ip-allocated-from-pool': name },
});
const zone = (name: string, value: string) => balancerNode(name, { labels: { zone: value } });

test('a Service with an IP of a pool that is advertised is a duty of the nodes that are selected', () => {
  const fixture = metallb();
  assert.equal(names(fixture.update()), ['pools', GROUP, IP, 'revision']);
  const { table } = fixture.board;
  assert.equal(table.pools, ['203.0.113.0-203.0.113.255']);
  assert.equal(table.groups.get(GROUP)?.members, [
    { node: 'n1', excluded: false, ready: 'ready' },
    { node: 'n2', excluded: false, ready: 'ready' },
  ]);
  const { preferredNode, localEndpoints, interfaces, probing } = dutyAfter(fixture) ?? {};
  assert.equal(
    { preferredNode, localEndpoints, interfaces, probing },
    { preferredNode: undefined, localEndpoints: undefined, interfaces: [], probing: 'optimistic' },
  );
});

const otherClass = { spec: { loadBalancerClass: 'example.com/other' } };
const notServed: [string, NewObject][] = [
  ['of another load balancer class', announcedService('web', [IP], otherClass)],
  ['of another type', announcedService('web', [IP], { spec: { type: 'ClusterIP' } })],
  ['bound to a class', announcedService('web', [IP], { boundTo: 'ingress' })],
  ['with an IP of no pool, and that names none', announcedService('web', ['198.51.100.1'])],
  [
    'that another MetalLB has given an IP, from a pool whose name is one here too',
    announcedService('web', ['198.51.100.1'], { ...fromPool('public'), isForeign: true }),
  ],
  [
    'that another MetalLB has given an IP of a pool here',
    announcedService('web', [IP], { isForeign: true }),
  ],
];
for (const [name, service] of notServed) {
  test(`a Service ${name} is nobody's here, and not talked about`, () => {
    const fixture = metallb(service);
    assert.equal(names(fixture.update()), ['pools', 'revision']);
    assert.equal(fixture.refusals, []);
  });
}

test('a Service that gets children is served by their class, and by advertisements again when they are gone', () => {
  const fixture = metallb(balancerClass('ingress'));
  const groupOf = () => dutyAfter(fixture)?.group;
  assert.is(groupOf(), GROUP);
  const published = fixture.view.service('default/web');
  fixture.set(assignedChild('web-0', IP, { service: 'web' }));
  fixture.view.setService('default/web', published);
  assert.is(groupOf(), 'ingress');
  fixture.remove('Child', 'web-0');
  assert.is(groupOf(), GROUP);
});

const refused: [string, readonly NewObject[], RegExp][] = [
  [
    'of a pool that no advertisement is about',
    [advertisement('all', { ipAddressPools: ['private'] })],
    /^no L2Advertisement is about the pool public and Service default\/web: add one/,
  ],
  [
    'that no advertisement selects',
    [advertisement('all', { serviceSelectors: [labelled('a')] })],
    /^no L2Advertisement is about the pool public and Service default\/web/,
  ],
  [
    'whose pool was never seen',
    [announcedService('web', ['198.51.100.1'], fromPool('gone'))],
    /^the pool gone, where Service default\/web got it, does not exist/,
  ],
  ['without endpoints', [sliceOf('web', [])], /^no endpoint of Service default\/web serves/],
  [
    'whose endpoints are not ready',
    [sliceOf('web', [{ nodeName: 'n1', conditions: { ready: false } }])],
    /^no endpoint of Service default\/web serves/,
  ],
];
for (const [name, objects, refusal] of refused) {
  test(`a Service ${name} has no duty, and people are told why`, () => {
    const fixture = metallb(...objects);
    fixture.update();
    assert.is(fixture.board.table.duties.size, 0);
    assert.match(fixture.refusals.join(), refusal);
    assert.is(fixture.refusals.length, 1);
  });
}

const served: [string, readonly NewObject[], Partial<Duty>][] = [
  [
    'of which an endpoint serves while it terminates',
    [
      sliceOf('web', [
        { nodeName: 'n1', conditions: { ready: false, serving: true, terminating: true } },
      ]),
    ],
    { preferredNode: undefined },
  ],
  [
    'whose endpoint nobody knows a node of',
    [sliceOf('web', [{}])],
    { preferredNode: undefined, localEndpoints: undefined },
  ],
  [
    'whose endpoints are on one node',
    [sliceOf('web', [{ nodeName: 'n2' }])],
    { preferredNode: 'n2' },
  ],
  [
    'whose ready endpoints are on one node',
    [sliceOf('web', [{ nodeName: 'n2' }, { nodeName: 'n1', conditions: { ready: false } }])],
    { preferredNode: 'n2' },
  ],
  [
    'of policy Local',
    [announcedService('web', [IP], { spec: { externalTrafficPolicy: 'Local' } })],
    { localEndpoints: { n1: 0, n2: 0 } },
  ],
  [
    'to be announced although a foreign host answers',
    [
      announcedService('web', [IP], {
        annotations: { 'network.deckhouse.io/force-address': 'true' },
      }),
    ],
    { forced: true },
  ],
  [
    'that was announced before',
    [
      l2Status('web', IP, {
        ...{ node: 'n2', since: '2026-05-01T11:59:00Z', reason: 'Takeover', recentMoves: 1 },
      }),
    ],
    { lastAnnouncer: 'n2', probing: 'none', recentMoves: 1 },
  ],
  [
    'made anew under the name of one that was announced before',
    [
      l2Status(
        'web',
        IP,
        { ...{ node: 'n2', since: '2026-05-01T11:59:00Z', reason: 'Takeover', recentMoves: 3 } },
        'uid-of-the-one-before',
      ),
    ],
    { lastAnnouncer: undefined, recentMoves: 0 },
  ],
  [
    'of two advertisements',
    [advertisement('more')],
    { group: 'L2Advertisement/metallb-system/all,metallb-system/more' },
  ],
  [
    'of an advertisement in another namespace that counts',
    [advertisement('all', { ipAddressPools: ['private'] }), advertisement('all', {}, 'old')],
    { group: 'L2Advertisement/old/all' },
  ],
];
for (const [name, objects, expected] of served) {
  test(`a Service ${name}: ${JSON.stringify(expected)}`, () => {
    const duty = dutyAfter(metallb(...objects));
    assert.ok(duty);
    const fields = Object.entries(duty).filter(([field]) => field in expected);
    assert.equal(Object.fromEntries(fields), expected);
  });
}

test('where followEndpoints is false, a Service whose ready endpoints are on one node prefers none', () => {
  const endpoints = sliceOf('web', [{ nodeName: 'n2' }]);
  const fixture = metallbWith({ followEndpoints: false }, endpoints);
  const duty = dutyAfter(fixture);
  assert.ok(duty);
  assert.is(duty.preferredNode, undefined);
});

test('two IPs of a Service have an announcer each', () => {
  const other = '203.0.113.2';
  const since = '2026-05-01T11:59:00Z';
  const told = { since, reason: 'Takeover', recentMoves: 1 };
  const fixture = metallb(
    announcedService('web', [IP, other]),
    l2Status('web', IP, { ...told, node: 'n1' }),
    l2Status('web', other, { ...told, node: 'n2' }),
  );
  assert.is(dutyAfter(fixture)?.lastAnnouncer, 'n1');
  assert.is(dutyAfter(fixture, other)?.lastAnnouncer, 'n2');
});

test('objects in a namespace that does not count are as good as none', () => {
  const fixture = new BoardFixture()
    .set(balancerNode('n1'))
    .set(addressPool('public', {}, { namespace: 'elsewhere' }))
    .set(advertisement('all', {}, 'elsewhere'))
    .set(announcedService('web', [IP]));
  assert.equal(names(fixture.update()), ['revision']);
});

const groups: [string, readonly NewObject[], { members?: string[]; interfaces?: string[] }][] = [
  [
    'one that selects a zone',
    [advertisement('all', { nodeSelectors: [labelled('a')] })],
    { members: ['n1'] },
  ],
  [
    'one that selects two zones',
    [advertisement('all', { nodeSelectors: [labelled('a'), labelled('b')] })],
    { members: ['n1', 'n2'] },
  ],
  [
    'one for each zone, with interfaces of their own',
    [
      advertisement('all', { nodeSelectors: [labelled('a')], interfaces: ['eth1'] }),
      advertisement('b', { nodeSelectors: [labelled('b')], interfaces: ['eth2'] }),
    ],
    { members: ['n1', 'n2'], interfaces: ['eth1'] },
  ],
  [
    'two for one node, whose interfaces are joined',
    [
      advertisement('all', { interfaces: ['eth2'] }),
      advertisement('b', { interfaces: ['eth1', 'eth2'] }),
    ],
    { interfaces: ['eth1', 'eth2'] },
  ],
  [
    'two for one node, of which one is for every interface',
    [advertisement('all', { interfaces: ['eth2'] }), advertisement('b')],
    { interfaces: [] },
  ],
  [
    'any, where the network of a node is not available',
    [balancerNode('n2', { conditions: [{ type: 'NetworkUnavailable', status: 'True' }] })],
    { members: ['n1'] },
  ],
];
for (const [name, objects, expected] of groups) {
  test(`nodes of an advertisement: ${name}`, () => {
    const fixture = metallb(zone('n1', 'a'), zone('n2', 'b'), ...objects);
    const { group = '' } = dutyAfter(fixture) ?? {};
    const { members, interfaces } = fixture.board.table.groups.get(group) ?? {};
    const found = { members: members?.map(({ node }) => node), interfaces };
    assert.equal({ ...found, ...expected }, found);
  });
}

test('weights of preferred nodes are added up', () => {
  const prefer = (weight: number, value: string) => ({ weight, preference: labelled(value) });
  const fixture = metallb(
    ...[zone('n1', 'a'), zone('n2', 'b')],
    advertisement('all', { preferredNodeSelectors: [prefer(10, 'b')] }),
    advertisement('more', { preferredNodeSelectors: [prefer(3, 'b'), prefer(4, 'c')] }),
  );
  const { group = '' } = dutyAfter(fixture) ?? {};
  const members = fixture.board.table.groups.get(group)?.members ?? [];
  assert.equal(
    members.map(({ node, weight }) => [node, weight]),
    [
      ['n1', undefined],
      ['n2', 13],
    ],
  );
});

test('a node that ceases to be available hands over, and one whose label goes too', () => {
  const fixture = metallb();
  fixture.update();
  fixture.set(balancerNode('n1', { conditions: [{ type: 'NetworkUnavailable', status: 'True' }] }));
  assert.equal(names(fixture.update()), [GROUP], 'the duty stays for the handover');
  assert.equal(
    fixture.board.table.groups.get(GROUP)?.members.map(({ node }) => node),
    ['n2'],
  );
});

test('a pool that is deleted counts as long as a Service has an IP of it, an advertisement does not', () => {
  const fixture = metallb();
  assert.ok(dutyAfter(fixture));
  fixture.remove('IPAddressPool', 'metallb-system/public');
  assert.ok(dutyAfter(fixture));
  fixture.remove('Service', 'default/web');
  assert.is(dutyAfter(fixture), undefined);
  fixture.set(announcedService('web', [IP]));
  assert.is(dutyAfter(fixture), undefined, 'nobody knows the pool any more');
  const without = metallb();
  without.update();
  without.remove('L2Advertisement', 'metallb-system/all');
  assert.is(dutyAfter(without), undefined);
});

test('an IP that its pool no longer covers is announced as its pool is, and let through', () => {
  const fixture = metallb(announcedService('web', [IP], fromPool('public')));
  fixture.update();
  fixture.set(addressPool('public', { addresses: ['203.0.113.128/25'] }));
  assert.ok(dutyAfter(fixture));
  assert.equal(fixture.board.table.pools, [IP, '203.0.113.128-203.0.113.255']);
});

test('what the controller writes on pools and advertisements makes nothing worth another look', () => {
  const fixture = metallb();
  fixture.update();
  fixture.view.takePoolsChanged();
  fixture
    .set({ ...addressPool('public'), status: { assignedIPv4: 1 } })
    .set({ ...advertisement('all'), status: { conditions: [] } });
  assert.equal(names(fixture.update()), []);
  assert.not(fixture.view.takePoolsChanged());
});

test('an IPv6 address is a duty like any other, where an endpoint of that family serves', () => {
  const address = '2001:db8::1';
  const fixture = metallb(
    addressPool('public', { addresses: ['203.0.113.0/24', '2001:db8::/64'] }),
    announcedService('web', [IP, address]),
  );
  assert.ok(dutyAfter(fixture));
  assert.is(dutyAfter(fixture, address), undefined);
  assert.match(fixture.refusals.join(), 'nobody answers for 2001:db8::1 until one does');
  const { metadata, ...slice } = sliceOf('web', [{ nodeName: 'n2' }]);
  fixture.set({
    ...slice,
    ...{ metadata: { ...metadata, name: 'web-6' }, addressType: 'IPv6' },
  });
  assert.ok(dutyAfter(fixture, address));
});

test.run();
