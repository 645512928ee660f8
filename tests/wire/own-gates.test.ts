import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Reach } from '../../modules/metallb/src/duty/duty.ts';
import { LiveDutyTable } from '../../modules/metallb/src/duty/duty-table.ts';
import type { Gates } from '../../modules/metallb/src/packet/heartbeat.ts';
import { OwnGates } from '../../modules/metallb/src/wire/own-gates.ts';
import { ip } from '../support/addresses.ts';
import { VirtualSegment } from '../support/virtual-segment.ts';

const NODES = ['n1', 'n2', 'n3'];
/** Preferred on each of them. */
const IPS = NODES.map((_, index) => `192.0.2.${index + 1}`);
const HEARTBEATS_MS = 400;

/** Three nodes that reach what they should, an IP on each. */
function threeNodes(): VirtualSegment {
  const lan = new VirtualSegment();
  lan.group(...NODES);
  for (const [index, address] of IPS.entries()) lan.duty(address, NODES[index] ?? '');
  for (const node of NODES) {
    lan.reach.set(node, 'reached');
    lan.start(node);
  }
  lan.run(3_000);
  return lan;
}

function set(lan: VirtualSegment, node: string, reach: Reach): void {
  lan.reach.set(node, reach);
  lan.run(HEARTBEATS_MS);
}

/** Who announces each of the IPs, in their order. */
function announcers(lan: VirtualSegment): string {
  return IPS.map((address) =>
    [...lan.stations.values()]
      .filter(({ segment }) => segment.announcedIps().includes(ip(address)))
      .map(({ name }) => name)
      .join('+'),
  ).join(' ');
}

/** How often an IP was given up, up to now. */
function withdrawals(lan: VirtualSegment): number {
  const reports = [...lan.stations.values()].flatMap((station) => station.reports);
  return reports.filter(({ type }) => type === 'withdrawn').length;
}

test('who alone does not reach its targets gives its IPs away, and gets them back', () => {
  const lan = threeNodes();
  assert.is(announcers(lan), 'n1 n2 n3');
  set(lan, 'n1', 'doubtful');
  assert.is(announcers(lan), 'n1 n2 n3');
  set(lan, 'n1', 'lost');
  assert.not.match(announcers(lan), 'n1');
  assert.match(announcers(lan), /^n[23] n2 n3$/);
  set(lan, 'n1', 'doubtful');
  assert.not.match(announcers(lan), 'n1', 'not before it is sure');
  set(lan, 'n1', 'reached');
  assert.is(announcers(lan), 'n1 n2 n3');
});

test('where all lose their targets, one after the other, nothing moves, and nothing when they come back', () => {
  const lan = threeNodes();
  const before = withdrawals(lan);
  const story: [string, Reach][] = [
    ...NODES.map((node): [string, Reach] => [node, 'doubtful']),
    ...NODES.map((node): [string, Reach] => [node, 'lost']),
    ...NODES.map((node): [string, Reach] => [node, 'doubtful']),
    ...NODES.map((node): [string, Reach] => [node, 'reached']),
  ];
  for (const [node, reach] of story) {
    set(lan, node, reach);
    assert.is(announcers(lan), 'n1 n2 n3', `${node} ${reach}`);
  }
  assert.is(withdrawals(lan), before);
});

test('the last one that reached something keeps what it took', () => {
  const lan = threeNodes();
  set(lan, 'n1', 'lost');
  set(lan, 'n2', 'lost');
  assert.is(announcers(lan), 'n3 n3 n3');
  set(lan, 'n3', 'lost');
  assert.is(announcers(lan), 'n3 n3 n3');
});

test('of those who all lost their targets, the first that reaches them again takes everything', () => {
  const lan = threeNodes();
  for (const node of NODES) set(lan, node, 'doubtful');
  for (const node of NODES) set(lan, node, 'lost');
  assert.is(announcers(lan), 'n1 n2 n3');
  set(lan, 'n2', 'reached');
  assert.is(announcers(lan), 'n2 n2 n2');
});

test('nothing moves where nobody is asked to reach anything, nor for a peer that is not asked', () => {
  const lan = threeNodes();
  lan.reach.delete('n2');
  lan.reach.delete('n3');
  lan.run(HEARTBEATS_MS);
  set(lan, 'n1', 'lost');
  assert.is(announcers(lan), 'n1 n2 n3');
});

test('who stands back and is asked nothing any more takes its IPs back', () => {
  const lan = threeNodes();
  set(lan, 'n1', 'lost');
  lan.reach.delete('n1');
  lan.run(HEARTBEATS_MS);
  assert.is(announcers(lan), 'n1 n2 n3');
});

test('a wire that starts anew fails what the one before failed, until its speaker has told', () => {
  const table = new LiveDutyTable();
  const kept: Gates[] = [];
  let knows = false;
  const ports = {
    table: () => table,
    knowsDuties: () => knows,
    keepGates: (failed: Gates) => void kept.push(failed),
  };
  const behind = { dataplane: false, reachability: true };
  const gates = new OwnGates('eth0', ports, { peers: [] }, behind);
  assert.equal(gates.told.failedGates, behind);
  knows = true;
  table.apply([{ set: 'reachability', interfaces: { '*': 'doubtful' } }]);
  assert.not.ok(gates.judge());
  assert.equal(gates.told.failedGates, behind);
  table.apply([{ set: 'reachability', interfaces: { '*': 'doubtful', eth0: 'reached' } }]);
  assert.ok(gates.judge());
  assert.equal(gates.told, {
    failedGates: { dataplane: false, reachability: false },
    reaches: true,
    revision: 0,
  });
  assert.equal(kept, [behind, gates.told.failedGates]);
});

test.run();
