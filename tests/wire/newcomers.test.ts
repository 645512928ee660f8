import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Duty } from '../../modules/metallb/src/duty/duty.ts';
import { Ranking } from '../../modules/metallb/src/election/ranking.ts';
import { announcement } from '../../modules/metallb/src/layer2/announcement.ts';
import type { MacAddress } from '../../modules/metallb/src/net/mac.ts';
import type { SegmentOptions } from '../../modules/metallb/src/wire/segment-options.ts';
import { ip, mac } from '../support/addresses.ts';
import { dutyOf } from '../support/duty-arbitraries.ts';
import { VirtualSegment } from '../support/virtual-segment.ts';

const isArp = (frame: Uint8Array) => frame[12] === 8 && frame[13] === 6;
/** An ARP probe by its last byte, the IP's. */
const isProbeOf30 = (frame: Uint8Array) => frame[13] === 6 && frame[21] === 1 && frame[41] === 30;

const N1 = mac('02:00:00:00:00:01');
const STRANGER = mac('02:00:00:00:00:0f');
const NODES = ['n1', 'n2', 'n3'];
/** Version of the cluster state in which the IP came. */
const SINCE = 8;

function newDuty(address: string, more: Partial<Duty> = {}): Duty {
  const fresh = { group: 'g', preferredNode: 'n1', probing: 'optimistic', since: SINCE } as const;
  return dutyOf(address, { ...fresh, ...more });
}

/** Three nodes that serve; then comes an IP for n1, and those named get to know it. */
function newIpFor(
  address: string,
  {
    knows = NODES,
    revisionOfN1 = 5,
    options = {} as Partial<SegmentOptions>,
    optionsOfN1 = {} as Partial<SegmentOptions>,
  } = {},
): VirtualSegment {
  const lan = new VirtualSegment();
  lan.group(...NODES);
  for (const node of NODES) lan.known.set(node, { revision: 5 });
  for (const node of NODES)
    lan.start(node, undefined, node === 'n1' ? { ...options, ...optionsOfN1 } : options);
  lan.run(1_000);
  lan.hostSpeaks();
  for (const node of NODES) {
    const revision = node === 'n1' ? revisionOfN1 : SINCE;
    if (knows.includes(node)) learn(lan, node, newDuty(address), revision);
    else lan.known.set(node, { revision });
  }
  return lan;
}

function learn(lan: VirtualSegment, node: string, duty: Duty, revision = SINCE): void {
  lan.known.set(node, { duties: new Map([[duty.ip, duty]]), revision });
  lan.stations.get(node)?.segment.elect([duty.ip]);
}

/** Looks every 50 ms. @returns when somebody answered first, and all who ever did */
function watch(lan: VirtualSegment, address: string, forMs: number) {
  let firstMs = Number.POSITIVE_INFINITY;
  let doubledMs = 0;
  const seen = new Set<MacAddress>();
  for (let ms = 0; ms < forMs; ms += 50) {
    const macs = lan.ask(address);
    if (macs.length > 0) firstMs = Math.min(firstMs, ms);
    if (macs.length > 1) doubledMs += 50;
    for (const each of macs) seen.add(each);
    lan.run(45);
  }
  return { firstMs, doubledMs, seen: [...seen] };
}

for (const address of ['192.0.2.30', '2001:db8::30']) {
  test(`${address}, which its node can't know, is answered by one other within a second`, () => {
    const lan = newIpFor(address, { knows: ['n2', 'n3'] });
    const { firstMs, doubledMs, seen } = watch(lan, address, 5_000);
    assert.ok(firstMs <= 1_000, `after ${firstMs} ms`);
    assert.is(doubledMs, 0);
    assert.is(seen.length, 1);
    assert.not.ok(seen.includes(N1));
  });

  test(`${address} goes to its node once that knows it`, () => {
    const lan = newIpFor(address, { knows: ['n2', 'n3'] });
    lan.run(10_000);
    const [standIn] = lan.ask(address);
    // The stand-in has written that it announces it.
    learn(lan, 'n1', newDuty(address, { probing: 'none', since: 0, lastAnnouncer: 'n2' }));
    const { doubledMs } = watch(lan, address, 2_000);
    assert.is(doubledMs, 0);
    assert.equal(lan.ask(address), [N1]);
    assert.is.not(standIn, N1);
    assert.is(lan.cache.get(ip(address)), N1);
  });

  test(`${address}, which its node should know and does not serve, is answered by another`, () => {
    const lan = newIpFor(address, { knows: ['n2', 'n3'], revisionOfN1: 9 });
    const { firstMs, doubledMs, seen } = watch(lan, address, 5_000);
    assert.ok(firstMs <= 1_000, `after ${firstMs} ms`);
    assert.is(doubledMs, 0);
    assert.is(seen.length, 1);
  });

  test(`${address} is taken over when its stand-in dies`, () => {
    for (const revisionOfN1 of [5, 9]) {
      const lan = newIpFor(address, { knows: ['n2', 'n3'], revisionOfN1 });
      lan.run(3_000);
      const [standIn = N1] = lan.ask(address);
      lan.kill(`n${Number(standIn.slice(-1))}`);
      lan.run(500);
      const [next] = lan.ask(address);
      assert.ok(next !== undefined && next !== standIn && next !== N1, `${next} after ${standIn}`);
    }
  });

  test(`${address}, whose node is slow to announce it, stays with it`, () => {
    const lan = newIpFor(address, { optionsOfN1: { backgroundPerSecond: 0.2 }, revisionOfN1: 8 });
    const { seen } = watch(lan, address, 10_000);
    assert.equal(seen, [N1]);
  });

  test(`${address}, which a foreign host has, is nobody's to stand in for`, () => {
    const lan = newIpFor(address, { revisionOfN1: 8 });
    for (let round = 0; round < 20; round += 1) {
      for (const frame of announcement(ip(address), STRANGER)) lan.transmit('client', frame);
      lan.run(100);
    }
    const told = NODES.filter((node) =>
      lan.stations.get(node)?.reports.some(({ type }) => type === 'conflict'),
    );
    assert.equal(told, ['n1']);
    assert.is(lan.cache.get(ip(address)), STRANGER);
  });
}

test('an IP of a dead node is answered, though each other node thinks that it is the other one’s', () => {
  for (const address of ['192.0.2.30', '2001:db8::30']) {
    const old = newDuty(address, { probing: 'none', since: 0, preferredNode: 'n2' });
    const first = new Ranking([['n1', 'n3']], undefined, old.ip).winner ?? '';
    const second = first === 'n1' ? 'n3' : 'n1';
    const lan = new VirtualSegment();
    lan.group(...NODES);
    for (const node of NODES)
      lan.known.set(node, { duties: new Map([[old.ip, old]]), revision: 5 });
    for (const node of NODES) lan.start(node);
    lan.run(2_000);
    // Of this the second one has not heard: without n2, it is the first one's turn to it.
    const changed = { ...old, preferredNode: second, since: 9 };
    for (const node of [first, 'n2']) learn(lan, node, changed, 9);
    lan.draining.add('n2');
    lan.stations.get('n2')?.segment.setDraining(true);
    lan.run(2_000);
    assert.is(lan.ask(address).length, 1);
    lan.kill('n2');
    const { firstMs, doubledMs, seen } = watch(lan, address, 5_000);
    assert.ok(firstMs <= 1_300, `after ${firstMs} ms`);
    assert.is(doubledMs, 0);
    assert.equal(seen, [mac(`02:00:00:00:00:0${first.slice(1)}`)]);
  }
});

test('what its node answers for since before, though it can know nothing of it now, is left to it', () => {
  const lan = newIpFor('192.0.2.30', { knows: ['n2', 'n3'] });
  learn(lan, 'n1', newDuty('192.0.2.30', { probing: 'none', since: 0 }), 5);
  const { seen, doubledMs } = watch(lan, '192.0.2.30', 5_000);
  assert.equal(seen, [N1]);
  assert.is(doubledMs, 0);
  const asked = lan.sent.filter(({ from, frame }) => from !== 'client' && isProbeOf30(frame));
  assert.ok(asked.length <= 9, `asked for ${asked.length} times`);
});

test('a node that may wait for its kube-proxy is given that time, unless it can not know the IP', () => {
  const answered = [5, 9].map((revisionOfN1) => {
    const options = { dutyWaitMs: 2_000 };
    const lan = newIpFor('192.0.2.30', { knows: ['n2', 'n3'], revisionOfN1, options });
    return watch(lan, '192.0.2.30', 5_000).firstMs;
  });
  assert.ok(answered[0] !== undefined && answered[0] < 1_000, `the first after ${answered[0]} ms`);
  assert.ok(answered[1] !== undefined && answered[1] > 2_500, `the second after ${answered[1]} ms`);
  assert.ok(answered[1] < 3_000, `the second after ${answered[1]} ms`);
});

test('a node that is slow to hear of an IP, as under load, is given time', () => {
  const lan = newIpFor('192.0.2.30', { knows: ['n2', 'n3'], revisionOfN1: 2 });
  for (let revision = 3; revision < SINCE; revision += 1) {
    lan.known.set('n1', { revision });
    assert.equal(watch(lan, '192.0.2.30', 700).seen, []);
  }
  learn(lan, 'n1', newDuty('192.0.2.30'));
  assert.equal(watch(lan, '192.0.2.30', 3_000).seen, [N1]);
});

test('a node that gets hundreds at once is given the time that it takes to ask for them', () => {
  const lan = new VirtualSegment();
  lan.group(...NODES);
  for (const node of NODES) lan.known.set(node, { revision: 5 });
  for (const node of NODES) lan.start(node, undefined, { backgroundPerSecond: 100 });
  lan.run(1_000);
  const duties = Array.from({ length: 200 }, (_, index) => newDuty(`192.0.2.${index + 1}`));
  for (const node of NODES) {
    lan.known.set(node, {
      duties: new Map(duties.map((duty) => [duty.ip, duty])),
      revision: SINCE,
    });
    lan.stations.get(node)?.segment.elect(duties.map(({ ip: address }) => address));
  }
  const from = lan.sent.length;
  lan.run(8_000);
  const others = lan.sent.slice(from).filter((one) => isArp(one.frame) && one.from !== 'n1');
  assert.is(others.length, 0, 'what others sent about them');
  assert.equal(lan.ask('192.0.2.200'), [N1]);
});

test('a node that is at work for ever is waited for ten seconds', () => {
  const lan = newIpFor('192.0.2.30', { knows: ['n2', 'n3'], revisionOfN1: 9 });
  const all = new Map(['192.0.2.30'].map((address) => [ip(address), newDuty(address)]));
  let answeredMs = Number.POSITIVE_INFINITY;
  for (let ms = 0; ms < 14_000 && answeredMs > ms; ms += 250) {
    const next = newDuty(`192.0.2.${100 + ms / 250}`);
    all.set(next.ip, next);
    for (const node of NODES) {
      const duties = new Map([...all].filter(([one]) => node !== 'n1' || one !== ip('192.0.2.30')));
      lan.known.set(node, { duties, revision: SINCE + 1 });
      lan.stations.get(node)?.segment.elect([next.ip]);
    }
    lan.run(245);
    if (lan.ask('192.0.2.30').length > 0) answeredMs = ms;
  }
  assert.ok(answeredMs > 9_000 && answeredMs < 12_000, `after ${answeredMs} ms`);
});

test('what a node announces that does not hear us is left to it', () => {
  const lan = new VirtualSegment();
  lan.group(...NODES);
  for (const node of NODES) lan.known.set(node, { revision: 5 });
  for (const node of NODES) lan.start(node);
  lan.run(1_000);
  lan.cut('n1', 'n3');
  lan.cut('n3', 'n1');
  lan.run(2_000);
  for (const node of NODES) learn(lan, node, newDuty('192.0.2.30'));
  const { seen } = watch(lan, '192.0.2.30', 4_000);
  assert.equal(seen, [N1]);
});

test.run();
