import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { announcement, probe } from '../../modules/metallb/src/layer2/announcement.ts';
import { type MacAddress, macToBytes } from '../../modules/metallb/src/net/mac.ts';
import { ip, mac } from '../support/addresses.ts';
import { dutyOf } from '../support/duty-arbitraries.ts';
import { VirtualSegment } from '../support/virtual-segment.ts';

const NODES = ['n1', 'n2'] as const;
const IP = '192.0.2.11';
const IP6 = '2001:db8::11';
const [N1, N2] = ['02:00:00:00:00:01', '02:00:00:00:00:02'].map(mac) as [MacAddress, MacAddress];
const CLIENT = mac('02:00:00:00:00:c1');

function twoNodes(): VirtualSegment {
  const lan = new VirtualSegment();
  lan.group(...NODES);
  for (const address of [IP, IP6]) lan.duty(address, 'n1');
  for (const name of NODES) lan.start(name);
  lan.run(2_000);
  return lan;
}

function disputes(lan: VirtualSegment, node: string): number {
  const counters = lan.stations.get(node)?.counters.snapshot() ?? [];
  return counters.find(({ name }) => name === 'disputes_total')?.value ?? 0;
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

test('what a peer claims is read all the same, and what anybody else does is not', () => {
  for (const address of [IP, IP6]) {
    for (const [claimant, isDisputed] of [
      [N2, true],
      [CLIENT, false],
    ] as const) {
      const lan = twoNodes();
      const before = disputes(lan, 'n1');
      for (const frame of announcement(ip(address), claimant)) {
        lan.stations.get('n1')?.segment.receive(frame, true);
      }
      assert.is(disputes(lan, 'n1') > before, isDisputed, `${address} claimed by ${claimant}`);
    }
  }
});

test('two that have missed what the other one announced know it once they keep up again', () => {
  const lan = new VirtualSegment();
  lan.group(...NODES);
  for (const name of NODES) lan.known.set(name, { revision: 5 });
  for (const name of NODES) lan.start(name);
  lan.run(2_000);
  lan.drops = (frame) => frame[12] === 0x08 && frame[13] === 0x06;
  const duty = dutyOf(IP, { group: 'g', preferredNode: 'n1', probing: 'optimistic', since: 8 });
  for (const name of NODES) {
    lan.known.set(name, { duties: new Map([[duty.ip, duty]]), revision: 8 });
    lan.stations.get(name)?.segment.elect([duty.ip]);
  }
  lan.run(6_000);
  // A switch shows an answer to nobody but the client.
  lan.drops = (frame) => Buffer.from(frame).subarray(0, 6).equals(macToBytes(CLIENT));
  assert.is(lan.ask(IP).length, 2, 'each took the other for one that does not serve it');
  lan.stations.get('n2')?.segment.keepsUpAgain();
  lan.run(1_000);
  assert.equal(lan.ask(IP), [N1]);
});

test.run();
