import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { announcement } from '../../modules/metallb/src/layer2/announcement.ts';
import { ip, mac } from '../support/addresses.ts';
import { isHeartbeat, VirtualSegment } from '../support/virtual-segment.ts';

const N1 = mac('02:00:00:00:00:01');
const N2 = mac('02:00:00:00:00:02');
const N3 = mac('02:00:00:00:00:03');
const STRANGER = mac('02:00:00:00:00:0f');

function threeNodes(): VirtualSegment {
  const lan = new VirtualSegment();
  lan.group('n1', 'n2', 'n3');
  for (const name of ['n1', 'n2', 'n3']) lan.start(name);
  lan.run(1_000);
  return lan;
}

function announcedBy(lan: VirtualSegment, name: string): string[] {
  return lan.stations.get(name)?.segment.announcedIps() ?? [];
}

/** A fresh IP of n2's, on its node as on all others. */
function freshDuty(lan: VirtualSegment, address: string, forced: boolean): void {
  lan.duty(address, 'n2', { probing: 'optimistic', forced });
  for (const { segment } of lan.stations.values()) segment.elect([ip(address)]);
}

function strangerClaims(lan: VirtualSegment, address: string): void {
  for (const frame of announcement(ip(address), STRANGER)) lan.transmit('client', frame);
  lan.run(5);
}

/** What n2 told of conflicts, in order. */
function conflictsTold(lan: VirtualSegment): string[] {
  const reports = lan.stations.get('n2')?.reports ?? [];
  return reports.flatMap((report) => {
    if (report.type === 'conflict') return [report.vetoed ? 'vetoed' : 'defended'];
    return report.type === 'conflict-over' ? ['over'] : [];
  });
}

/** Why n2 said that it announces the IP, each time. */
function announcementsTold(lan: VirtualSegment, address: string): string[] {
  const reports = lan.stations.get('n2')?.reports ?? [];
  return reports.flatMap((report) =>
    report.type === 'announced' && report.ip === address ? [report.reason] : [],
  );
}

test('a fresh IP is answered at once and announced after its probes', () => {
  const lan = threeNodes();
  freshDuty(lan, '192.0.2.30', false);
  assert.equal(lan.ask('192.0.2.30'), [N2]);
  lan.cache.delete(ip('192.0.2.30'));
  lan.run(300);
  assert.is(lan.cache.get(ip('192.0.2.30')), N2);
});

for (const address of ['192.0.2.30', '2001:db8::30']) {
  test(`${address}, vetoed by a stranger, is announced once it is forced`, () => {
    const lan = threeNodes();
    freshDuty(lan, address, false);
    strangerClaims(lan, address);
    lan.run(1_000);
    assert.equal(lan.ask(address), [], 'given up');
    assert.equal(announcementsTold(lan, address), []);
    assert.not.ok(announcedBy(lan, 'n2').includes(address), 'nothing that a new wire may resume');
    freshDuty(lan, address, true);
    lan.run(5);
    assert.is(lan.cache.get(ip(address)), N2);
    assert.equal(lan.ask(address), [N2]);
    assert.equal(conflictsTold(lan), ['vetoed', 'defended']);
    assert.equal(announcementsTold(lan, address), ['Assigned']);
    assert.ok(announcedBy(lan, 'n2').includes(address));
    freshDuty(lan, address, false);
    lan.run(60_000);
    assert.equal(lan.ask(address), [N2], 'what is announced is not given up any more');
  });

  test(`${address}, forced from the beginning, is announced without a probe and defended`, () => {
    const lan = threeNodes();
    freshDuty(lan, address, true);
    lan.run(5);
    assert.is(lan.cache.get(ip(address)), N2, 'before any probe could be answered');
    strangerClaims(lan, address);
    assert.equal(lan.ask(address), [N2]);
    assert.equal(conflictsTold(lan), ['defended']);
    assert.equal(announcementsTold(lan, address), ['Assigned']);
  });
}

test('a vetoed IP is probed, not announced, by a new wire and by a successor', () => {
  const lan = threeNodes();
  freshDuty(lan, '192.0.2.30', false);
  strangerClaims(lan, '192.0.2.30');
  const resumed = announcedBy(lan, 'n2').map(ip);
  lan.kill('n2');
  lan.start('n2', resumed);
  lan.run(350);
  strangerClaims(lan, '192.0.2.30');
  assert.equal(lan.ask('192.0.2.30'), [], 'vetoed again');
  lan.kill('n2');
  lan.run(400);
  strangerClaims(lan, '192.0.2.30');
  assert.equal(lan.ask('192.0.2.30'), [], 'by its successor, too');
  assert.is(lan.cache.get(ip('192.0.2.30')), STRANGER);
  lan.run(60_000);
  const [successor] = lan.ask('192.0.2.30');
  assert.ok(successor === N1 || successor === N3, 'the stranger has fallen silent');
});

test('an IP that is forced while it is probed is announced at once, with nothing to tell', () => {
  const lan = threeNodes();
  freshDuty(lan, '192.0.2.30', false);
  lan.run(20);
  assert.is(lan.cache.get(ip('192.0.2.30')), undefined, 'not before it is known to be free');
  freshDuty(lan, '192.0.2.30', true);
  lan.run(5);
  assert.is(lan.cache.get(ip('192.0.2.30')), N2);
  assert.equal(conflictsTold(lan), []);
});

test('an IP vetoed by a node that was not heard is announced once that node is', () => {
  const lan = threeNodes();
  lan.kill('n2');
  lan.run(1_000);
  freshDuty(lan, '192.0.2.30', false);
  lan.run(1_000);
  const [other = N2] = lan.ask('192.0.2.30');
  lan.drops = (frame, _, to) => to === 'n2' && isHeartbeat(frame);
  lan.start('n2');
  lan.run(3_000);
  assert.equal(lan.ask('192.0.2.30'), [other]);
  assert.equal(conflictsTold(lan), ['vetoed']);
  lan.drops = () => false;
  lan.run(2_000);
  assert.equal(lan.ask('192.0.2.30'), [N2]);
  assert.equal(conflictsTold(lan), ['vetoed', 'over']);
});

/** As `freshDuty`, of one node after the other: the store may change its mind before anybody is announced. */
function freshDutyOf(lan: VirtualSegment, address: string, preferredNode: string): void {
  lan.duty(address, preferredNode, { probing: 'optimistic' });
  for (const { segment } of lan.stations.values()) segment.elect([ip(address)]);
}

for (const address of ['192.0.2.30', '2001:db8::30']) {
  test(`${address}, vetoed and then left to another node, is not answered by the one that leaves it`, () => {
    const lan = threeNodes();
    freshDutyOf(lan, address, 'n2');
    strangerClaims(lan, address);
    freshDutyOf(lan, address, 'n1');
    lan.run(5);
    strangerClaims(lan, address);
    assert.equal(lan.ask(address), []);
    lan.run(1_000);
    assert.equal(lan.ask(address), []);
  });

  test(`${address}, left to another node while it is asked for, is answered by that one alone`, () => {
    const lan = threeNodes();
    freshDutyOf(lan, address, 'n2');
    lan.run(20);
    freshDutyOf(lan, address, 'n1');
    lan.run(5);
    assert.equal(lan.ask(address), [N1]);
    // Who has it tells the one that asks.
    lan.drops = (_, from, to) => from === 'client' && to === 'n2';
    strangerClaims(lan, address);
    lan.drops = () => false;
    assert.equal(lan.ask(address), []);
  });
}

test.run();
