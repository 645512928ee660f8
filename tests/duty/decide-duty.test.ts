import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type DutyRefusal, decideDuty } from '../../modules/metallb/src/duty/decide-duty.ts';
import type { Duty } from '../../modules/metallb/src/duty/duty.ts';
import { policyOfClass } from '../../modules/metallb/src/duty/group-policy.ts';
import { holdingsOfChild } from '../../modules/metallb/src/duty/holding.ts';
import type { NewObject } from '../../modules/metallb/src/store/store.ts';
import { ip } from '../support/addresses.ts';
import {
  assignedChild,
  balancerClass,
  childOf,
  classOf,
  endpointSliceOf,
  sliceOf,
} from '../support/cluster.ts';
import { dutyOf } from '../support/duty-arbitraries.ts';

const IP = '192.0.2.1';
const NOON = Date.parse('2026-05-01T12:00:00Z');
const first = '2026-01-01T00:00:00Z';
const second = '2026-01-02T00:00:00Z';

const classes: Record<string, NewObject> = {
  ingress: balancerClass('ingress'),
  inner: balancerClass('inner', { interfaces: ['eth1', 'eth2'] }),
  outer: balancerClass('outer', { interfaces: ['eth2', 'eth3'] }),
  other: balancerClass('other', { interfaces: ['eth9'] }),
  subnets: balancerClass('subnets', { interfaceSelection: 'BySubnet' }),
  never: balancerClass('never', { failback: { mode: 'never' } }),
  night: balancerClass('night', { failback: { mode: 'window', window: '22:00-04:00' } }),
};
const slices: Record<string, NewObject> = {
  'default/web': sliceOf('web', [{ nodeName: 'n1' }, { nodeName: 'n2' }]),
  'default/dns': sliceOf('dns', [{ nodeName: 'n2' }, { nodeName: 'n3' }]),
};

function decide(children: readonly NewObject[], epochMs = NOON): Duty | DutyRefusal {
  return decideDuty({
    ip: ip(IP),
    holdings: children.map(childOf).flatMap(holdingsOfChild),
    policyOf: (name) =>
      classes[name] === undefined ? undefined : policyOfClass(classOf(classes[name])),
    slicesOf: (service) =>
      slices[service] === undefined ? [] : [endpointSliceOf(slices[service])],
    epochMs,
  });
}

const child = (name: string, wish: Parameters<typeof assignedChild>[2] = {}) =>
  assignedChild(name, IP, { created: first, ...wish });
const younger = (name: string, wish: Parameters<typeof assignedChild>[2] = {}) =>
  child(name, { created: second, ...wish });

test('a child that nobody has announced is a fresh duty of its class', () => {
  const { metadata } = childOf(child('web'));
  assert.equal(decide([child('web')]), dutyOf(IP, { since: Number(metadata.resourceVersion) }));
});

const announcer = (node: string, since: string) => ({
  node,
  since,
  reason: 'Takeover',
  recentMoves: 2,
});
const rows: [string, NewObject[], Partial<Duty>][] = [
  [
    'the class limits the interfaces',
    [child('web', { className: 'inner' })],
    { interfaces: ['eth1', 'eth2'] },
  ],
  [
    'the last announcer and its moves come from the status',
    [child('web', { announcer: announcer('n2', '2026-05-01T11:00:00.500Z') })],
    { lastAnnouncer: 'n2', probing: 'none', recentMoves: 2, lastMoveEpochMs: NOON - 3_599_500 },
  ],
  ['an IP is forced where its child is', [child('web', { forced: true })], { forced: true }],
  [
    'an IP is forced where one of its sharers is',
    [child('a'), younger('b', { forced: true })],
    { forced: true },
  ],
  ['failback never is withheld', [child('web', { className: 'never' })], { failback: 'withheld' }],
  [
    'failback outside of its window is withheld',
    [child('web', { className: 'night' })],
    { failback: 'withheld' },
  ],
  [
    'sharers prefer the node of the oldest',
    [younger('a', { preferredNode: 'n2' }), child('b')],
    { preferredNode: 'n1' },
  ],
  [
    'sharers of one age prefer the node of the lower uid',
    [child('b', { preferredNode: 'n2' }), child('a', { preferredNode: 'n3' })],
    { preferredNode: 'n3' },
  ],
  [
    'sharers of two classes use what both allow, and the group of the oldest',
    [younger('a', { className: 'outer' }), child('b', { className: 'inner' })],
    { interfaces: ['eth2'], group: 'inner' },
  ],
  [
    'a class without interfaces allows those of its sharer',
    [child('a'), younger('b', { className: 'inner' })],
    { interfaces: ['eth1', 'eth2'] },
  ],
  [
    'interfaces are chosen by subnet where one of the sharers wants it',
    [child('a'), younger('b', { className: 'subnets' })],
    { bySubnet: true },
  ],
  [
    'policy Local names the nodes with endpoints',
    [child('web', { policy: 'Local' })],
    { localEndpoints: { n1: 0, n2: 0 } },
  ],
  [
    'policy Local without endpoints names nobody',
    [child('none', { policy: 'Local' })],
    { localEndpoints: {} },
  ],
  [
    'a Local sharer decides for one of policy Cluster',
    [child('dns'), younger('web', { policy: 'Local' })],
    { localEndpoints: { n1: 0, n2: 0 } },
  ],
  [
    'two Local sharers need a node that serves both',
    [child('dns', { policy: 'Local' }), younger('web', { policy: 'Local' })],
    { localEndpoints: { n2: 0 } },
  ],
  [
    'the latest announcer of sharers counts, and one that has any is not fresh',
    [
      child('a', { announcer: announcer('n1', '2026-05-01T10:00:00Z') }),
      younger('b', { announcer: announcer('n2', '2026-05-01T11:00:00Z') }),
      younger('c'),
    ],
    { lastAnnouncer: 'n2', probing: 'none' },
  ],
];
for (const [name, children, expected] of rows) {
  test(name, () => {
    const duty = decide(children);
    const fields = Object.keys(expected).map((field) => [
      field,
      Object.entries(duty).find(([key]) => key === field)?.[1],
    ]);
    assert.equal(Object.fromEntries(fields), expected);
  });
}

test('failback inside of its window is allowed', () => {
  const duty = decide([child('web', { className: 'night' })], Date.parse('2026-05-01T23:00:00Z'));
  assert.is('failback' in duty && duty.failback, 'allowed');
});

test('sharers whose classes have no interface in common are refused in words', () => {
  const refused = decide([
    child('a', { className: 'inner' }),
    younger('b', { className: 'other' }),
  ]);
  assert.match('refusal' in refused ? refused.refusal : '', 'nobody answers for 192.0.2.1');
});

test('a child of a class that was never seen is refused in words', () => {
  assert.equal(decide([child('web', { className: 'nowhere' })]), {
    refusal: 'class nowhere does not exist and was never seen here',
  });
});

test.run();
