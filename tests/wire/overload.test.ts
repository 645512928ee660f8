import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { probe } from '../../modules/metallb/src/layer2/announcement.ts';
import { ip, mac } from '../support/addresses.ts';
import { VirtualSegment } from '../support/virtual-segment.ts';

const NODES = ['n1', 'n2'] as const;
const IP = '192.0.2.11';
const CLIENT = mac('02:00:00:00:00:c1');

function twoNodes(): VirtualSegment {
  const lan = new VirtualSegment();
  lan.group(...NODES);
  lan.duty(IP, 'n1');
  for (const name of NODES) lan.start(name);
  lan.run(2_000);
  return lan;
}

function overloads(lan: VirtualSegment, node: string): number {
  const counters = lan.stations.get(node)?.counters.snapshot() ?? [];
  return counters.find(({ labels }) => labels['reason'] === 'overload')?.value ?? 0;
}

test('when all else has waited for long, questions are not answered, and counted once there is time', () => {
  const lan = twoNodes();
  const segment = lan.stations.get('n1')?.segment;
  const question = probe(ip(IP), CLIENT);
  const before = lan.sent.length;
  for (let count = 0; count < 1_000; count += 1) segment?.receive(question, true);
  assert.is(lan.sent.length, before);
  segment?.receive(question, false);
  assert.is(lan.sent.length, before + 1);
  assert.is(overloads(lan, 'n1'), 1_000);
});

test('heartbeats of peers are read all the same, and what is due is sent', () => {
  const lan = twoNodes();
  const station = lan.stations.get('n1');
  const question = probe(ip(IP), CLIENT);
  const from = lan.sent.length;
  for (let elapsed = 0; elapsed < 2_000; elapsed += 10) {
    lan.clock.advance(10);
    station?.segment.receive(question, true);
    for (const { frame } of lan.sent.filter((one) => one.from === 'n2').slice(-1)) {
      station?.segment.receive(frame, true);
    }
  }
  assert.ok(lan.sent.slice(from).filter((one) => one.from === 'n1').length >= 20);
  const died = station?.counters.snapshot().find(({ name }) => name === 'peers_died_total');
  assert.is(died, undefined);
});

test.run();
