import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Probing } from '../../modules/metallb/src/duty/duty.ts';
import {
  encodeHeartbeat,
  heartbeatKey,
  shortId,
} from '../../modules/metallb/src/packet/heartbeat.ts';
import { wrapHeartbeat } from '../../modules/metallb/src/wire/heartbeat-frame.ts';
import { ip, mac } from '../support/addresses.ts';
import { isHeartbeat, VirtualSegment } from '../support/virtual-segment.ts';

const MACS = ['01', '02', '03'].map((last) => mac(`02:00:00:00:00:${last}`));
const [, N2, N3] = MACS;
const ATTACKER = mac('02:00:00:00:00:ee');
const IPS = ['192.0.2.11', '192.0.2.12', '192.0.2.13'] as const;
const IPS6 = ['2001:db8::11', '2001:db8::12', '2001:db8::13'] as const;
const N3_IPS = [IPS[2], IPS6[2]];
const ALL_IPS = [...IPS, ...IPS6];
const MEMBERS = ['n1', 'n2', 'n3'].map(
  (node) => ({ node, excluded: false, ready: 'ready' }) as const,
);
const EACH_BY_ITS_OWN = [...MACS, ...MACS].map((one) => [one]);
const ABSENT_AFTER_MS = 10_000;
/** Questions are a second apart, and a takeover is not instant. */
const MARGIN_MS = 1_500;

const anotherKey = (secret: number) => ({
  keys: [heartbeatKey(Buffer.alloc(32, secret))] as const,
});

/** n1 and n2 share a key. */
function withOtherKeyOnN3(probing: Probing): VirtualSegment {
  const lan = new VirtualSegment();
  lan.group(...MEMBERS);
  addDuties(lan, probing);
  for (const name of ['n1', 'n2']) lan.start(name);
  lan.start('n3', undefined, anotherKey(9));
  return lan;
}

/** Of each family one for each node. */
function addDuties(lan: VirtualSegment, probing: Probing): void {
  for (const family of [IPS, IPS6]) {
    for (const [index, address] of family.entries())
      lan.duty(address, `n${index + 1}`, { probing });
  }
}

function electAll(lan: VirtualSegment): void {
  for (const { segment } of lan.stations.values()) segment.elect([...lan.duties.keys()]);
}

function announcedBy(lan: VirtualSegment, ...names: string[]): string[] {
  return names.flatMap((name) => lan.stations.get(name)?.segment.announcedIps() ?? []);
}

const answers = (lan: VirtualSegment, ips: readonly string[] = ALL_IPS) =>
  ips.map((address) => lan.ask(address));

/** n3's IPs are answered by others. */
function isTaken(macs: readonly (readonly string[])[]): boolean {
  return macs.every(([first]) => first !== undefined && first !== N3);
}

/** Asks for n3's IPs until others have them. @returns after which time that was */
function untilTaken(lan: VirtualSegment, limitMs: number): number {
  const from = lan.clock.now();
  while (lan.clock.now() - from < limitMs) {
    const macs = answers(lan, N3_IPS);
    for (const one of macs) assert.ok(one.length <= 1, `two answers: ${one}`);
    if (isTaken(macs)) break;
    lan.run(40);
  }
  return lan.clock.now() - from;
}

/** What holds of `OtherHeartbeatKey` on this node; undefined when it does not. */
function told(lan: VirtualSegment, name: string): string | undefined {
  const reports = lan.stations.get(name)?.reports ?? [];
  const last = reports.findLast(
    (report) => report.type === 'condition' && report.condition === 'OtherHeartbeatKey',
  );
  return last?.type === 'condition' && last.active ? last.message : undefined;
}

function conflicts(lan: VirtualSegment): unknown[] {
  return [...lan.stations.values()].flatMap(({ reports }) =>
    reports.filter(({ type }) => type === 'conflict'),
  );
}

/** Frames in n3's name by somebody who holds no key of ours. */
function forge(lan: VirtualSegment, node: string, sequence: number): void {
  const heartbeat = {
    ...{ cluster: shortId('test'), node, interface: 'eth0', incarnation: '00'.repeat(8), sequence },
    ...{ intervalMs: 100, state: 'eligible' as const, revision: 1, addresses: [], heard: [] },
    ...{ failedGates: { dataplane: false, reachability: false }, reaches: false },
    ...{ covered: [], witnessed: [], deaf: false, heardInPart: false, disputed: [] },
  };
  const bytes = encodeHeartbeat(heartbeat, [heartbeatKey(Buffer.alloc(32, 66))]);
  const path = { mac: ATTACKER, source: ip('fe80::ee'), group: ip('ff02::1') };
  lan.transmit('client', wrapHeartbeat(bytes, path));
}

function runForging(lan: VirtualSegment, node: string, ms: number): void {
  for (let elapsed = 0; elapsed < ms; elapsed += 100) {
    forge(lan, node, elapsed);
    lan.run(100);
  }
}

for (const probing of ['none', 'optimistic'] as const) {
  test(`at a cold start with ${probing === 'none' ? 'known' : 'new'} IPs each is answered by one node`, () => {
    const lan = withOtherKeyOnN3(probing);
    lan.run(2_000);
    assert.equal(answers(lan), EACH_BY_ITS_OWN);
    lan.run(30_000);
    assert.equal(answers(lan), EACH_BY_ITS_OWN);
    assert.equal(
      ALL_IPS.map((address) => lan.cache.get(ip(address))),
      EACH_BY_ITS_OWN.flat(),
      'what was announced',
    );
    assert.equal(conflicts(lan), []);
  });
}

test('an IP that comes later is answered and announced by one node, and nobody takes another for a foreign host', () => {
  const lan = new VirtualSegment();
  lan.group(...MEMBERS);
  for (const name of ['n1', 'n2']) lan.start(name);
  lan.start('n3', undefined, anotherKey(9));
  lan.run(2_000);
  addDuties(lan, 'optimistic');
  electAll(lan);
  for (let step = 0; step < 50; step += 1) {
    assert.equal(answers(lan), EACH_BY_ITS_OWN);
    lan.run(10);
  }
  assert.equal(
    ALL_IPS.map((address) => lan.cache.get(ip(address))),
    EACH_BY_ITS_OWN.flat(),
  );
  assert.equal(conflicts(lan), []);
});

/** n3 comes with a key of its own: every IP is answered at all times, and in the end by its own node. */
function startsUnnoticed(lan: VirtualSegment): void {
  lan.start('n3', undefined, anotherKey(9));
  for (let step = 0; step < 40; step += 1) {
    assert.ok(
      answers(lan).every(({ length }) => length > 0),
      'at all times',
    );
    lan.run(20);
  }
  assert.equal(answers(lan), EACH_BY_ITS_OWN);
  assert.equal(conflicts(lan), []);
}

test('a node that comes later gets its new IPs, though others have answered them meanwhile', () => {
  const lan = new VirtualSegment();
  lan.group(...MEMBERS);
  addDuties(lan, 'optimistic');
  for (const name of ['n1', 'n2']) lan.start(name);
  lan.run(2_000);
  startsUnnoticed(lan);
});

test('while it answers, the loss of its heartbeats alone moves nothing', () => {
  const lan = withOtherKeyOnN3('none');
  lan.run(1_000);
  lan.drops = (frame, from) => from === 'n3' && isHeartbeat(frame);
  lan.run(30_000);
  assert.equal(answers(lan), EACH_BY_ITS_OWN);
  assert.equal(announcedBy(lan, 'n1', 'n2').length, 4);
});

test('when the IP that it left unanswered is gone, it is asked for another one', () => {
  const lan = withOtherKeyOnN3('none');
  lan.run(1_000);
  lan.drops = (frame, from) => from === 'n3' && !isHeartbeat(frame);
  lan.run(ABSENT_AFTER_MS + MARGIN_MS);
  assert.equal(announcedBy(lan, 'n1', 'n2').length, 6);
  lan.drops = () => false;
  lan.duties.delete(ip(IPS6[2]));
  electAll(lan);
  lan.run(MARGIN_MS);
  assert.equal(
    answers(lan, IPS),
    MACS.map((one) => [one]),
  );
});

test('both sides say whose key is another one, and count the frames', () => {
  const lan = withOtherKeyOnN3('none');
  lan.run(1_000);
  assert.match(told(lan, 'n1') ?? '', /^heartbeats of n3 .*METALLB_HEARTBEAT_KEY_FILE/);
  assert.match(told(lan, 'n3') ?? '', /^heartbeats of n1, n2 /);
  const drops = lan.stations.get('n1')?.counters.snapshot() ?? [];
  const unknown = drops.find(({ labels }) => labels['reason'] === 'unknown-key');
  assert.ok((unknown?.value ?? 0) >= 9);
});

test('nodes that all have keys of their own answer their own IPs', () => {
  const lan = new VirtualSegment();
  lan.group(...MEMBERS);
  addDuties(lan, 'optimistic');
  for (const [index, name] of ['n1', 'n2', 'n3'].entries()) {
    lan.start(name, undefined, anotherKey(index + 20));
  }
  lan.run(15_000);
  assert.equal(answers(lan), EACH_BY_ITS_OWN);
});

test('its loss shows after ten seconds of silence, and its return gives it its IPs back', () => {
  const lan = withOtherKeyOnN3('none');
  lan.run(1_000);
  lan.kill('n3');
  const takenAfterMs = untilTaken(lan, 20_000);
  assert.ok(takenAfterMs >= ABSENT_AFTER_MS - MARGIN_MS, `not before: ${takenAfterMs}`);
  assert.ok(takenAfterMs <= ABSENT_AFTER_MS + MARGIN_MS, `not later: ${takenAfterMs}`);
  lan.run(20_000);
  const after = answers(lan);
  assert.ok(
    after.every(({ length }) => length === 1),
    'and it stays one',
  );
  assert.is(told(lan, 'n1'), undefined);
  startsUnnoticed(lan);
});

test('its loss shows at once when the API calls it not ready', () => {
  const lan = withOtherKeyOnN3('none');
  lan.run(1_000);
  lan.kill('n3');
  lan.group('n1', 'n2', { node: 'n3', excluded: false, ready: 'not-ready' });
  electAll(lan);
  assert.ok(untilTaken(lan, 20_000) < 200);
});

test('a peer that dies is replaced by its peers at once, not by a node with another key', () => {
  const lan = withOtherKeyOnN3('none');
  lan.run(1_000);
  lan.hostSpeaks();
  lan.kill('n1');
  lan.run(500);
  assert.equal(answers(lan, [IPS[0], IPS6[0]]), [[N2], [N2]]);
  lan.run(30_000);
  assert.equal(answers(lan), [[N2], [N2], [N3], [N2], [N2], [N3]]);
});

test('the last with our key is replaced by the node with another one after ten seconds', () => {
  const lan = withOtherKeyOnN3('none');
  lan.run(1_000);
  lan.kill('n1');
  lan.kill('n2');
  lan.run(2 * ABSENT_AFTER_MS + MARGIN_MS);
  assert.equal(
    answers(lan),
    ALL_IPS.map(() => [N3]),
  );
});

test('a node that gets the right key is a peer again', () => {
  const lan = withOtherKeyOnN3('none');
  lan.run(1_000);
  lan.kill('n3');
  lan.start('n3');
  lan.run(3_000);
  assert.equal(answers(lan), EACH_BY_ITS_OWN);
  assert.is(told(lan, 'n1'), undefined);
  lan.hostSpeaks();
  lan.kill('n3');
  assert.ok(untilTaken(lan, 20_000) < 600, 'its death is seen as any');
});

test('frames with another key revive nobody who was heard with ours', () => {
  const lan = new VirtualSegment();
  lan.group(...MEMBERS);
  addDuties(lan, 'none');
  for (const name of ['n1', 'n2', 'n3']) lan.start(name);
  lan.run(1_000);
  runForging(lan, 'n3', 500);
  assert.is(told(lan, 'n1'), undefined, 'of a peer that is heard nobody is told such things');
  lan.kill('n3');
  runForging(lan, 'n3', 500);
  assert.ok(isTaken(answers(lan, N3_IPS)));
  runForging(lan, 'n3', 3_000);
  assert.equal(announcedBy(lan, 'n1', 'n2').sort(), [...ALL_IPS].sort(), 'nobody gives way');
});

test('frames in the name of a node that never was there keep its IPs for ten seconds at most', () => {
  const lan = new VirtualSegment();
  lan.group(...MEMBERS);
  addDuties(lan, 'none');
  for (const name of ['n1', 'n2']) lan.start(name);
  runForging(lan, 'n3', ABSENT_AFTER_MS + MARGIN_MS);
  assert.ok(isTaken(answers(lan, N3_IPS)));
  runForging(lan, 'n3', 30_000);
  assert.equal(announcedBy(lan, 'n1', 'n2').sort(), [...ALL_IPS].sort());
  const [taker = ''] = ['n1', 'n2'].filter((name) => announcedBy(lan, name).includes(IPS[2]));
  lan.kill(taker);
  runForging(lan, 'n3', 500);
  assert.equal(announcedBy(lan, 'n1', 'n2').sort(), [...ALL_IPS].sort(), 'a peer inherits it');
  lan.start(taker);
  lan.run(3_000);
  const before = told(lan, 'n1');
  runForging(lan, 'nobody-knows-me', 1_000);
  assert.is(told(lan, 'n1'), before, 'names that the cluster does not know are told to nobody');
});

test.run();
