import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Report } from '../../modules/metallb/src/duty/messages.ts';
import { eventsOfReport } from '../../modules/metallb/src/speaker/report-events.ts';
import { WireState } from '../../modules/metallb/src/speaker/wire-state.ts';
import { ip as ipAt, mac as macAt } from '../support/addresses.ts';
import { assignedChild, childOf } from '../support/cluster.ts';

const ip = ipAt('192.0.2.11');
const mac = macAt('02:00:00:00:00:09');
const SINCE = 1_000_000;

const owned = assignedChild('web-ingress-0', '192.0.2.11', { service: 'web' });
const CHILD = childOf({
  ...owned,
  metadata: {
    ...owned.metadata,
    uid: 'child-uid',
    ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 'web', uid: 'service-uid' }],
  },
});
const NODE = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1', uid: 'node-uid', resourceVersion: '1', creationTimestamp: '' },
};

interface Subject {
  readonly metadata: (typeof NODE)['metadata'] & { readonly namespace: string };
}

/** `Kind/name Type Reason: message` */
function told(report: Report, children = [CHILD], services: readonly Subject[] = []): string[] {
  const wire = new WireState();
  wire.take(report);
  const events = eventsOfReport(report, {
    node: 'n1',
    sinceEpochMs: SINCE,
    nodeObject: NODE,
    childrenWithIp: () => children,
    servicesWithIp: () => services,
    conflictOf: (address) => wire.conflictOf(address, 'n1', false),
  });
  return events.map(
    ({ subject, type, reason, message }) =>
      `${subject.kind}/${subject.name} ${subject.uid} ${type} ${reason}: ${message}`,
  );
}

const announced = (changes: Partial<Extract<Report, { type: 'announced' }>>): Report => ({
  ...{ type: 'announced', ip, interface: 'eth1', sinceEpochMs: SINCE + 1, reason: 'Takeover' },
  ...{ from: 'n2', darkMs: 238.7, recentMoves: 1, unchanged: false },
  ...changes,
});

const MOVED =
  '192.0.2.11 moved from n2 to n1 on eth1: the node before was not heard any more; dark for 239 ms';

test('a takeover tells from, to, why and for how long it was dark, to the Service and its child', () => {
  assert.equal(told(announced({})), [
    `Service/web service-uid Warning nodeAssigned: ${MOVED}`,
    `SDNInternalL2LBService/web-ingress-0 child-uid Warning nodeAssigned: ${MOVED}`,
  ]);
});

test('what becomes of an IP that a Service holds itself is told to it', () => {
  const metadata = { ...NODE.metadata, name: 'own', namespace: 'default', uid: 'own-uid' };
  const message = `Service/own own-uid Warning nodeAssigned: ${MOVED}`;
  assert.equal(told(announced({}), [], [{ metadata }]), [message]);
});

for (const [name, changes, sentence] of [
  [
    'a first assignment',
    { reason: 'Assigned', from: undefined, darkMs: undefined },
    'n1 announces 192.0.2.11 on eth1: first assignment',
  ],
  [
    'a handover',
    { reason: 'Handover', darkMs: undefined },
    '192.0.2.11 moved from n2 to n1 on eth1: handed over',
  ],
  [
    'a failback',
    { reason: 'Failback', darkMs: undefined },
    '192.0.2.11 moved from n2 to n1 on eth1: back on its preferred node',
  ],
] as const) {
  test(`${name} is nothing to worry about`, () => {
    assert.is(
      told(announced(changes))[0],
      `Service/web service-uid Normal nodeAssigned: ${sentence}`,
    );
  });
}

test('what happened before this speaker started, or is so already, is not told again', () => {
  assert.equal(told(announced({ sinceEpochMs: SINCE - 1 })), []);
  assert.equal(told(announced({ unchanged: true })), []);
});

test('an IP that several Services share is told to all of them', () => {
  const other = childOf(assignedChild('mail-ingress-0', '192.0.2.11', { service: 'mail' }));
  const subjects = told(announced({}), [CHILD, other]).map((text) => text.split(' ')[0]);
  assert.equal(subjects, [
    ...['Service/web', 'SDNInternalL2LBService/web-ingress-0'],
    ...['Service/mail', 'SDNInternalL2LBService/mail-ingress-0'],
  ]);
});

test('a foreign answer tells the host and what is done about it', () => {
  const [first] = told({ type: 'conflict', ip, interface: 'eth1', mac, vetoed: false });
  assert.is(
    first,
    'Service/web service-uid Warning AddressConflict: n1 hears another host answer for 192.0.2.11 (02:00:00:00:00:09 on eth1): it is defended',
  );
});

test('a foreign host that is silent is told', () => {
  const [first] = told({ type: 'conflict-over', ip, interface: 'eth1' });
  assert.is(
    first,
    'Service/web service-uid Normal AddressConflictOver: no other host answers for 192.0.2.11 any more',
  );
});

test('lost heartbeats are told on the Node, and their end', () => {
  const condition = (active: boolean): Report => ({
    ...{ type: 'condition', condition: 'HeartbeatsLost', interface: 'eth1', active },
    message: 'those of n2 do not arrive',
  });
  assert.equal(told(condition(true)), [
    'Node/n1 node-uid Warning HeartbeatsLost: eth1: those of n2 do not arrive',
  ]);
  assert.equal(told(condition(false)), ['Node/n1 node-uid Normal HeartbeatsLostOver: eth1: over']);
});

test.run();
