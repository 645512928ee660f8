import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualSegment } from '../support/virtual-segment.ts';

const IP = '192.0.2.11';
const FORGOTTEN_AFTER_MS = 120_000;

/** The last word about a condition. */
function told(lan: VirtualSegment, name: string, condition: string) {
  const reports = lan.stations.get(name)?.reports ?? [];
  return reports.findLast((one) => one.type === 'condition' && one.condition === condition);
}

test('a node that gives way to newer cluster state says so until it has seen that state', () => {
  const lan = new VirtualSegment();
  lan.group('n1', 'n2');
  lan.duty(IP, 'n1');
  const before = new Map(lan.duties);
  lan.duty(IP, 'n2');
  const current = lan.table.bind(lan);
  lan.table = (node) =>
    node === 'n1' ? { ...current(node), duties: before } : { ...current(node), revision: 2 };
  for (const [from, to] of [
    ['n1', 'n2'],
    ['n2', 'n1'],
  ] as const) {
    lan.cut(from, to);
  }
  for (const name of ['n1', 'n2']) lan.start(name);
  lan.run(1_000);
  lan.heal();
  lan.run(2_000);
  const began = told(lan, 'n1', 'DutiesDiffer');
  assert.ok(began?.type === 'condition' && began.active);
  assert.match(began.message, /^n2 knows a newer cluster state/);
  assert.is(told(lan, 'n2', 'DutiesDiffer'), undefined);
  lan.table = (node) => ({ ...current(node), revision: 2 });
  lan.run(200);
  const over = told(lan, 'n1', 'DutiesDiffer');
  assert.ok(over?.type === 'condition' && !over.active);
});

test('nodes that do not hear each other are told of when it lasts, and not while they meet', () => {
  const lan = new VirtualSegment();
  lan.group('n1', 'n2', 'n3');
  for (const name of ['n1', 'n2', 'n3']) lan.start(name);
  lan.run(1_000);
  for (const name of ['n2', 'n3']) {
    lan.cut('n1', name);
    lan.cut(name, 'n1');
  }
  lan.run(2_000);
  lan.heal();
  // n2 meets it a moment earlier.
  lan.cut('n1', 'n3');
  lan.cut('n3', 'n1');
  lan.run(400);
  lan.heal();
  lan.run(2_000);
  for (const name of ['n1', 'n2', 'n3']) {
    for (const condition of ['PartlyHeard', 'NotHeard']) {
      assert.is(told(lan, name, condition), undefined, `${condition} of ${name}`);
    }
  }
  lan.cut('n1', 'n3');
  lan.cut('n3', 'n1');
  lan.run(3_000);
  const began = told(lan, 'n3', 'PartlyHeard');
  assert.ok(began?.type === 'condition' && began.active);
  assert.match(began.message, /^n1 can't be heard here/);
  assert.is(told(lan, 'n2', 'PartlyHeard'), undefined);
  lan.heal();
  lan.run(1_000);
  const over = told(lan, 'n3', 'PartlyHeard');
  assert.ok(over?.type === 'condition' && !over.active);
});

test('a peer that is dead is shown as down until it is forgotten', () => {
  const lan = new VirtualSegment();
  lan.group('n1', 'n2');
  for (const name of ['n1', 'n2']) lan.start(name);
  lan.run(1_000);
  const gauges = (metric: string) =>
    (lan.stations.get('n1')?.counters.snapshot() ?? [])
      .filter(({ name }) => name === metric)
      .map(
        ({ labels, value }) => `${labels['peer'] ?? labels['node']} ${labels['state']} ${value}`,
      );
  const peersUp = () => gauges('peer_up').map((text) => text.replace(' undefined', ''));
  assert.equal(peersUp(), ['n2 1']);
  assert.equal(gauges('heartbeat_state').sort(), ['n1 eligible 1', 'n2 eligible 1']);
  lan.hostSpeaks();
  lan.kill('n2');
  lan.hostSpeaks();
  lan.run(2_000);
  lan.hostSpeaks();
  lan.run(2_000);
  assert.equal(peersUp(), ['n2 0']);
  assert.equal(gauges('heartbeat_state').sort(), ['n1 eligible 1', 'n2 dead 1']);
  lan.run(FORGOTTEN_AFTER_MS);
  assert.equal(peersUp(), []);
  assert.equal(gauges('heartbeat_state'), ['n1 eligible 1']);
});

test.run();
