import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LiveDutyTable } from '../../modules/metallb/src/duty/duty-table.ts';
import type { NewObject } from '../../modules/metallb/src/store/store.ts';
import { ip } from '../support/addresses.ts';
import { BoardFixture, NOON, names, usual } from '../support/board-fixture.ts';
import { assignedChild, balancerClass, balancerNode, sliceOf } from '../support/cluster.ts';
import { plain } from '../support/duty-arbitraries.ts';

const DRAIN = { 'network.deckhouse.io/drain-balancer': '' };

test('everything is there after the first update: pools, the group, then its duties', () => {
  const fixture = new BoardFixture()
    .set(assignedChild('web', '192.0.2.1'))
    .set(balancerNode('n1'))
    .set(balancerClass('ingress'));
  assert.equal(names(fixture.update()), ['pools', 'ingress', '192.0.2.1', 'revision']);
  assert.equal(fixture.board.table.pools, ['192.0.2.0-192.0.2.99']);
});

const changes: [string, (fixture: BoardFixture) => unknown, string[]][] = [
  ['a child that says nothing new', (f) => f.set(assignedChild('web', '192.0.2.1')), []],
  [
    'a child preferred elsewhere',
    (f) => f.set(assignedChild('web', '192.0.2.1', { preferredNode: 'n2' })),
    ['192.0.2.1'],
  ],
  ['a child that is gone', (f) => f.remove('Child', 'web'), ['-192.0.2.1']],
  [
    'a child with another IP',
    (f) => f.set(assignedChild('web', '192.0.2.3')),
    ['-192.0.2.1', '192.0.2.3'],
  ],
  [
    'endpoints of a Service with policy Local',
    (f) => f.set(sliceOf('dns', [{ nodeName: 'n1' }])),
    ['192.0.2.2'],
  ],
  [
    'endpoints of a Service with policy Cluster',
    (f) => f.set(sliceOf('web', [{ nodeName: 'n1' }])),
    [],
  ],
  ['a node that joins the group', (f) => f.set(balancerNode('n3')), ['ingress']],
  ['a node that leaves the group', (f) => f.remove('Node', 'n2'), ['ingress']],
  ['a node of no group', (f) => f.set(balancerNode('n9', { role: 'other' })), []],
  ['an annotation of a node', (f) => f.set(balancerNode('n2', { annotations: { a: 'b' } })), []],
  [
    'interfaces of the class',
    (f) => f.set(balancerClass('ingress', { interfaces: ['eth1'] })),
    ['ingress', '192.0.2.1', '192.0.2.2'],
  ],
  ['this node leaving the group', (f) => f.set(balancerNode('n1', { role: 'x' })), ['ingress']],
  [
    'a class that wants other nodes',
    (f) => f.set(balancerClass('ingress', {}, { nodeSelector: { role: 'x' } })),
    ['ingress'],
  ],
  ['this node no longer in the cluster', (f) => f.remove('Node', 'n1'), ['ingress']],
  [
    'this node being drained',
    (f) => f.set(balancerNode('n1', { annotations: DRAIN })),
    ['draining'],
  ],
  ['another node being drained', (f) => f.set(balancerNode('n2', { annotations: DRAIN })), []],
  [
    'a class for BGP alone',
    (f) => f.set(balancerClass('ingress', {}, { type: 'BGP' })),
    ['pools', '-192.0.2.1', '-192.0.2.2', '-ingress'],
  ],
  [
    'a class of other nodes',
    (f) => f.set(balancerClass('media', {}, { addressPool: ['198.51.100.0/24'] })),
    ['pools'],
  ],
  ['a deleted class that children name', (f) => f.remove('MetalLoadBalancerClass', 'ingress'), []],
];
for (const [name, change, expected] of changes) {
  test(`tells the wire what concerns it of: ${name}`, () => {
    const fixture = usual();
    change(fixture);
    assert.equal(names(fixture.update()), expected);
  });
}

const HANDOVER_MS = 30_000;

test('a node that left the group keeps the duties as long as a handover may take', () => {
  const fixture = usual().set(balancerNode('n1', { role: 'x' }));
  fixture.update();
  const { table } = fixture.board;
  assert.equal(
    table.groups.get('ingress')?.members.map(({ node }) => node),
    ['n2'],
  );
  assert.is(table.duties.size, 2);
  assert.is(fixture.board.nextEdgeEpochMs, NOON + HANDOVER_MS);
  fixture.set(assignedChild('web', '192.0.2.1', { preferredNode: 'n2' }));
  assert.equal(names(fixture.update(NOON + HANDOVER_MS - 1)), ['192.0.2.1'], 'it stays level');
  const ended = names(fixture.update(NOON + HANDOVER_MS));
  assert.equal(ended.sort(), ['-192.0.2.1', '-192.0.2.2', '-ingress']);
  assert.is(fixture.board.nextEdgeEpochMs, undefined);
});

test('an IP that is released while its node leaves the group ends at once', () => {
  const fixture = usual().set(balancerNode('n1', { role: 'x' }));
  fixture.update();
  fixture.remove('Child', 'web');
  assert.equal(names(fixture.update(NOON + 1)), ['-192.0.2.1']);
});

test('a node that comes back into the group stays there', () => {
  const fixture = usual().set(balancerNode('n1', { role: 'x' }));
  fixture.update();
  fixture.set(balancerNode('n1'));
  assert.equal(names(fixture.update(NOON + 1)), ['ingress']);
  assert.equal(names(fixture.update(NOON + HANDOVER_MS)), []);
  assert.is(fixture.board.table.duties.size, 2);
});

test('a group that this node never belonged to is none of its business', () => {
  const fixture = new BoardFixture()
    .set(balancerClass('ingress'))
    .set(balancerNode('n1', { role: 'x' }))
    .set(assignedChild('web', '192.0.2.1'));
  assert.equal(names(fixture.update()), ['pools', 'revision']);
});

test('a deleted class goes with the last child that names it', () => {
  const fixture = usual().remove('MetalLoadBalancerClass', 'ingress').remove('Child', 'web');
  assert.equal(names(fixture.update()), ['-192.0.2.1']);
  fixture.remove('Child', 'dns');
  assert.equal(names(fixture.update()), ['pools', '-192.0.2.2', '-ingress']);
});

test('an IP that its pool no longer covers stays within the capture filter', () => {
  const fixture = usual().set(
    balancerClass('ingress', {}, { addressPool: ['192.0.2.2-192.0.2.9'] }),
  );
  fixture.update();
  assert.equal(fixture.board.table.pools, ['192.0.2.1', '192.0.2.2-192.0.2.9']);
  fixture.remove('Child', 'web').update();
  assert.equal(fixture.board.table.pools, ['192.0.2.2-192.0.2.9']);
});

test('a duty tells with which cluster state it came or changed, if anybody could have missed that', () => {
  const announcer = { node: 'n1', since: '2026-05-01T11:00:00Z', reason: 'Assigned' };
  const fixture = usual()
    .set(at(20, assignedChild('new', '192.0.2.3')))
    .set(at(30, assignedChild('old', '192.0.2.4', { announcer })));
  const since = () => ['192.0.2.3', '192.0.2.4'].map((each) => sinceOf(fixture, each));
  fixture.update();
  assert.equal(since(), [20, 0], 'who announces an IP has known it for long');
  fixture.set(at(40, assignedChild('new', '192.0.2.3', { announcer })));
  fixture.update();
  assert.equal(since(), [20, 0], 'an announcer changes nothing for whoever elects');
  fixture.set(at(50, assignedChild('old', '192.0.2.4', { announcer, preferredNode: 'n2' })));
  fixture.update();
  assert.equal(since(), [20, 50]);
});

function at(version: number, object: NewObject): NewObject {
  const stamped = { resourceVersion: `${version}` };
  return { ...object, metadata: { ...object.metadata, ...stamped } };
}

function sinceOf(fixture: BoardFixture, address: string): number | undefined {
  return fixture.board.table.duties.get(ip(address))?.since;
}

test('sharers are one duty', () => {
  const fixture = usual().set(assignedChild('web-udp', '192.0.2.1'));
  fixture.update();
  assert.is(fixture.board.table.duties.size, 2);
  fixture.remove('Child', 'web').update();
  assert.is(fixture.board.table.duties.size, 2);
});

test('an IP that nobody can announce is refused once for each reason, and served when that is mended', () => {
  const fixture = usual()
    .set(balancerClass('ingress', { interfaces: ['eth1'] }))
    .set(balancerClass('media', { interfaces: ['eth2'] }, { addressPool: ['198.51.100.0/24'] }))
    .set(assignedChild('web-udp', '192.0.2.1', { className: 'media' }));
  assert.ok(names(fixture.update()).includes('-192.0.2.1'));
  fixture
    .set(assignedChild('web-udp', '192.0.2.1', { className: 'media', preferredNode: 'n3' }))
    .update();
  assert.is(fixture.refusals.length, 1);
  assert.match(fixture.refusals[0] ?? '', /no interface in common \(.*eth1.*eth2\)/);
  assert.is(fixture.board.refusals.size, 1);
  fixture.remove('Child', 'web-udp');
  assert.equal(names(fixture.update()), ['192.0.2.1']);
  assert.is(fixture.board.refusals.size, 0);
});

test('a node counts as not ready when its grace has passed, without any event', () => {
  const ready = { status: 'False', since: '2026-05-01T11:59:30Z' };
  const fixture = usual().set(balancerNode('n2', { ready }));
  assert.equal(names(fixture.update()), []);
  assert.is(fixture.board.nextEdgeEpochMs, NOON + 30_000);
  assert.equal(names(fixture.update(NOON + 30_000)), ['ingress']);
  assert.is(fixture.board.nextEdgeEpochMs, undefined);
});

test('failback changes at the edges of its window, without any event', () => {
  const fixture = usual().set(
    balancerClass('ingress', { failback: { mode: 'window', window: '13:00-14:00' } }),
  );
  fixture.update();
  const failback = () => fixture.board.table.duties.get(ip('192.0.2.1'))?.failback;
  assert.is(failback(), 'withheld');
  assert.is(fixture.board.nextEdgeEpochMs, NOON + 3_600_000);
  assert.equal(names(fixture.update(NOON + 3_600_000)), ['192.0.2.1', '192.0.2.2']);
  assert.is(failback(), 'allowed');
});

test('when the store is lost nothing that it said about readiness gets worse, and it is doubted', () => {
  const ready = { status: 'False', since: '2026-05-01T11:59:30Z' };
  const fixture = usual().set(balancerNode('n2', { ready }));
  fixture.update();
  fixture.board.storeLost(NOON);
  fixture.update(NOON + 90_000);
  const readiness = () =>
    fixture.board.table.groups.get('ingress')?.members.map((member) => member.ready);
  assert.equal(readiness(), ['unknown', 'unknown']);
  fixture.board.storeReached();
  fixture.update(NOON + 90_000);
  assert.equal(readiness(), ['ready', 'not-ready']);
});

const anyObject: fc.Arbitrary<NewObject> = fc.oneof(
  fc
    .record({
      name: fc.constantFrom('a', 'b', 'c'),
      last: fc.integer({ min: 1, max: 3 }),
      className: fc.constantFrom('ingress', 'media'),
      policy: fc.constantFrom<'Cluster' | 'Local'>('Cluster', 'Local'),
    })
    .map(({ name, last, ...wish }) =>
      assignedChild(name, `192.0.2.${last}`, { ...wish, created: '2026-01-01T00:00:00Z' }),
    ),
  fc
    .record({
      name: fc.constantFrom('ingress', 'media'),
      interfaces: fc.subarray(['eth1', 'eth2']),
      type: fc.constantFrom('L2', 'BGP'),
      nodeSelector: fc.constantFrom({}, { role: 'ingress' }),
    })
    .map(({ name, interfaces, ...spec }) => balancerClass(name, { interfaces }, spec)),
  fc
    .record({
      name: fc.constantFrom('n1', 'n2'),
      role: fc.constantFrom('ingress', 'other'),
      drain: fc.boolean(),
    })
    .map(({ name, role, drain }) => balancerNode(name, { role, annotations: drain ? DRAIN : {} })),
  fc
    .record({ name: fc.constantFrom('a', 'b'), nodes: fc.subarray(['n1', 'n2']) })
    .map(({ name, nodes }) =>
      sliceOf(
        name,
        nodes.map((nodeName) => ({ nodeName })),
      ),
    ),
);
const anyStep = fc.record({ object: anyObject, remove: fc.boolean(), update: fc.boolean() });

test('kept level through any changes, and past any handover, the table is what a board sees that starts now', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 30 }), (steps) => {
      const fixture = new BoardFixture();
      const told = new LiveDutyTable();
      const cluster = new Map<string, NewObject>();
      for (const { object, remove, update } of steps) {
        const { kind, metadata } = object;
        // A deleted class stays in force for its children, which no later start can know.
        if (remove && kind !== 'MetalLoadBalancerClass') {
          fixture.remove(kind, metadata.name);
          cluster.delete(`${kind} ${metadata.name}`);
        } else {
          fixture.set(object);
          cluster.set(`${kind} ${metadata.name}`, object);
        }
        if (update) told.apply(fixture.update());
      }
      told.apply(fixture.update());
      told.apply(fixture.update(NOON + HANDOVER_MS));
      const anew = new BoardFixture();
      for (const object of cluster.values()) anew.set(object);
      anew.update();
      assert.equal(plain(fixture.board.table), plain(anew.board.table));
      assert.equal(plain(told), plain(anew.board.table));
    }),
    { numRuns: 300 },
  );
});

test.run();
