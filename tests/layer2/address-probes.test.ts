import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AddressProbes } from '../../modules/metallb/src/layer2/address-probes.ts';
import type { Claim } from '../../modules/metallb/src/layer2/claim.ts';
import { Pacing, type PacingOptions } from '../../modules/metallb/src/layer2/pacing.ts';
import { ipFromBigInt } from '../../modules/metallb/src/net/ip.ts';
import { decodeArp } from '../../modules/metallb/src/packet/arp.ts';
import { decodeEthernet, ETHER_TYPE_IPV6 } from '../../modules/metallb/src/packet/ethernet.ts';
import { decodeIpv6 } from '../../modules/metallb/src/packet/ipv6.ts';
import { decodeNdp } from '../../modules/metallb/src/packet/ndp.ts';
import { ip, mac } from '../support/addresses.ts';

const OWN = mac('02:00:00:00:00:0a');
const PEER = mac('02:00:00:00:00:0c');
const FOREIGN = mac('02:00:00:00:00:0f');
const IP = ip('192.0.2.10');

function probedIp(bytes: Uint8Array): string | undefined {
  const { etherType, payload } = decodeEthernet(bytes);
  if (etherType === ETHER_TYPE_IPV6) return decodeNdp(decodeIpv6(payload))?.target;
  const { senderIp, targetIp } = decodeArp(payload);
  assert.is(senderIp, '0.0.0.0');
  return targetIp;
}

function makeProbes(options: PacingOptions = {}, mayTake = true) {
  const probes = new AddressProbes(new Pacing(options, 0), () => 0, {
    mac: OWN,
    isPeer: (address) => address === PEER,
    mayTake: () => mayTake,
  });
  const log: string[] = [];
  let now = 0;
  const runTo = (until: number) => {
    for (let at = probes.nextDeadline(); at !== undefined && at <= until; ) {
      now = Math.max(now + 0.001, at);
      const { frames, clear } = probes.step(now);
      for (const frame of frames) log.push(`${Math.round(now)} probe ${probedIp(frame)}`);
      for (const address of clear) log.push(`${Math.round(now)} clear ${address}`);
      at = probes.nextDeadline();
    }
    now = until;
  };
  return { probes, log, runTo };
}

const UNDISTURBED = [
  '0 probe 192.0.2.10',
  '67 probe 192.0.2.10',
  '133 probe 192.0.2.10',
  '200 clear 192.0.2.10',
];

test('three probes within 200 ms, then it is clear', () => {
  const { probes, log, runTo } = makeProbes();
  probes.begin(IP, 'optimistic', 0);
  assert.is(probes.state(IP), 'optimistic');
  runTo(199);
  assert.is(probes.state(IP), 'optimistic');
  runTo(1_000);
  assert.equal(log, UNDISTURBED);
  assert.is(probes.state(IP), undefined);
  assert.is(probes.nextDeadline(), undefined);
});

const CLAIMS: [string, Claim, boolean][] = [
  ['a foreign reply vetoes', { kind: 'reply', ip: IP, mac: FOREIGN }, true],
  ['a foreign announcement vetoes', { kind: 'announcement', ip: IP, mac: FOREIGN }, true],
  ['a peer’s announcement does not', { kind: 'announcement', ip: IP, mac: PEER }, false],
  ['our own, come back, does not', { kind: 'announcement', ip: IP, mac: OWN }, false],
  ['a claim to another IP does not', { kind: 'reply', ip: ip('192.0.2.9'), mac: FOREIGN }, false],
];
for (const [name, claim, vetoes] of CLAIMS) {
  test(name, () => {
    const { probes, log, runTo } = makeProbes();
    probes.begin(IP, 'optimistic', 0);
    runTo(100);
    assert.is(probes.observe(claim, 100), vetoes);
    assert.is(probes.state(IP), vetoes ? 'vetoed' : 'optimistic');
    runTo(1_000);
    assert.equal(log, vetoes ? UNDISTURBED.slice(0, 2) : UNDISTURBED);
  });
}

test('a vetoed IP is probed again, each time later, up to a minute', () => {
  const { probes, log, runTo } = makeProbes();
  const waits: number[] = [];
  probes.begin(IP, 'optimistic', 0);
  let now = 0;
  for (let attempt = 0; attempt < 7; attempt += 1) {
    runTo(now + 10);
    assert.ok(probes.observe({ kind: 'reply', ip: IP, mac: FOREIGN }, now + 10));
    const next = probes.nextDeadline() ?? 0;
    waits.push(Math.round((next - now - 10) / 1_000));
    now = next;
  }
  assert.equal(waits, [10, 20, 40, 60, 60, 60, 60]);
  assert.is(probes.state(IP), 'vetoed');
  runTo(now + 1_000);
  assert.is(log.at(-1), `${Math.round(now + 200)} clear 192.0.2.10`);
  assert.is(probes.state(IP), undefined);
});

test('between attempts nothing is reported twice', () => {
  const { probes, runTo } = makeProbes();
  const claim: Claim = { kind: 'announcement', ip: IP, mac: FOREIGN };
  probes.begin(IP, 'optimistic', 0);
  runTo(10);
  assert.ok(probes.observe(claim, 10));
  const retryAt = probes.nextDeadline();
  assert.not.ok(probes.observe(claim, 20));
  assert.is(probes.nextDeadline(), retryAt);
});

test('a cancelled IP is not probed', () => {
  const { probes, log, runTo } = makeProbes();
  probes.begin(IP, 'optimistic', 0);
  probes.cancel(IP);
  probes.cancel(IP);
  runTo(1_000);
  assert.equal(log, []);
  assert.is(probes.state(IP), undefined);
});

test('beginning again forgets the veto', () => {
  const { probes, log, runTo } = makeProbes();
  probes.begin(IP, 'optimistic', 0);
  probes.observe({ kind: 'reply', ip: IP, mac: FOREIGN }, 0);
  probes.begin(IP, 'optimistic', 0);
  runTo(1_000);
  assert.equal(log, UNDISTURBED);
});

test('many fresh IPs are probed at the background rate, each three times before it is clear', () => {
  const { probes, log, runTo } = makeProbes({ backgroundPerSecond: 100 });
  const count = 100;
  for (let index = 0; index < count; index += 1) {
    probes.begin(ipFromBigInt('IPv6', 0xfd00n + BigInt(index)), 'optimistic', 0);
  }
  runTo(1_000);
  assert.ok(log.length <= 102 + count, `${log.length} entries in the first second`);
  runTo(10_000);
  assert.is(log.filter((line) => line.includes('probe')).length, 3 * count);
  assert.is(log.filter((line) => line.includes('clear')).length, count);
});

test('nothing is clear that was not asked for three times since the last veto', () => {
  const event = fc.record({
    afterMs: fc.integer({ min: 1, max: 40_000 }),
    kind: fc.constantFrom<Claim['kind']>('reply', 'announcement'),
    from: fc.constantFrom(FOREIGN, PEER, OWN),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), (events) => {
      const { probes, log, runTo } = makeProbes();
      probes.begin(IP, 'optimistic', 0);
      let now = 0;
      for (const { afterMs, kind, from } of events) {
        now += afterMs;
        runTo(now);
        if (probes.observe({ kind, ip: IP, mac: from }, now)) log.push('veto');
      }
      runTo(now + 700_000);
      const sinceVeto = log.slice(log.lastIndexOf('veto') + 1);
      assert.equal(
        sinceVeto.map((line) => line.split(' ')[1]),
        ['probe', 'probe', 'probe', 'clear'],
      );
    }),
  );
});

test('asked for in full it is not optimistic, and clear when nobody answers', () => {
  const { probes, log, runTo } = makeProbes();
  probes.begin(IP, 'full', 0);
  assert.is(probes.state(IP), 'full');
  runTo(1_000);
  assert.equal(log, UNDISTURBED);
});

test('what is not ours to take is withheld, and asked for again like a vetoed IP', () => {
  const { probes, log, runTo } = makeProbes({}, false);
  probes.begin(IP, 'full', 0);
  runTo(9_000);
  assert.equal(log, UNDISTURBED.slice(0, 3));
  assert.is(probes.state(IP), 'withheld');
  assert.equal(probes.withheld, [IP]);
  runTo(11_000);
  assert.is(log.length, 6, 'three more probes after 10 s');
  assert.is(probes.state(IP), 'withheld');
});

test('an IP that a peer answers for is clear, whosever it is to take', () => {
  const { probes, log, runTo } = makeProbes({}, false);
  probes.begin(IP, 'full', 0);
  runTo(100);
  assert.not.ok(probes.observe({ kind: 'reply', ip: IP, mac: PEER }, 100));
  runTo(1_000);
  assert.is(log.at(-1), '200 clear 192.0.2.10');
});

test('a foreign host vetoes what is asked for in full', () => {
  const { probes, runTo } = makeProbes();
  probes.begin(IP, 'full', 0);
  runTo(100);
  assert.ok(probes.observe({ kind: 'reply', ip: IP, mac: FOREIGN }, 100));
  assert.is(probes.state(IP), 'vetoed');
});

test.run();
