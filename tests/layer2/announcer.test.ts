import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Announcer } from '../../modules/metallb/src/layer2/announcer.ts';
import { classifyClaim } from '../../modules/metallb/src/layer2/claim.ts';
import { Pacing, type PacingOptions } from '../../modules/metallb/src/layer2/pacing.ts';
import { type IpAddress, ipFromBigInt } from '../../modules/metallb/src/net/ip.ts';
import { decodeEthernet } from '../../modules/metallb/src/packet/ethernet.ts';
import { ip, mac } from '../support/addresses.ts';

const OWN = mac('02:00:00:00:00:0a');
const IPV4 = ip('192.0.2.10');
const IPV6 = ip('2001:db8::10');
const ASKER = { mac: mac('02:00:00:00:00:0b'), ip: ip('192.0.2.11') };

interface Sent {
  readonly at: number;
  readonly ip: IpAddress;
  readonly unicast: boolean;
}

/** An announcer whose driver wakes exactly when it asks for it. */
function makeAnnouncer(options: PacingOptions = {}, random = () => 0.5) {
  const pacing = new Pacing(options, 0);
  const announcer = new Announcer(pacing, random, { mac: OWN });
  const sent: Sent[] = [];
  let now = 0;
  const step = () => {
    for (const { ip, frame: bytes } of announcer.step(now)) {
      const frame = decodeEthernet(bytes);
      const claim = classifyClaim(frame);
      assert.is(claim?.ip, ip);
      if (claim !== undefined) {
        sent.push({ at: now, ip: claim.ip, unicast: frame.destination === ASKER.mac });
      }
    }
  };
  const runTo = (until: number) => {
    step();
    for (let at = announcer.nextDeadline(); at !== undefined && at <= until; ) {
      // A timer never fires early, and seldom more than a millisecond late.
      now = Math.max(now + 0.001, at);
      step();
      at = announcer.nextDeadline();
    }
    now = until;
  };
  return { pacing, announcer, sent, runTo, step };
}

function timesOf(sent: readonly Sent[], address: IpAddress): number[] {
  return sent.filter(({ ip: announced }) => announced === address).map(({ at }) => Math.round(at));
}

function addresses(count: number): IpAddress[] {
  return Array.from({ length: count }, (_, index) =>
    ipFromBigInt('IPv4', 0x0a00_0000n + BigInt(index)),
  );
}

test('announces IPv4 once at first, then in both forms, then every minute', () => {
  const { announcer, sent, runTo } = makeAnnouncer();
  announcer.announce(IPV4, 0);
  runTo(125_000);
  const rounds = [100, 300, 1_000, 2_000, 62_000, 122_000];
  assert.equal(timesOf(sent, IPV4), [0, ...rounds.flatMap((at) => [at, at])]);
});

test('announces IPv6 in its one form', () => {
  const { announcer, sent, runTo } = makeAnnouncer();
  announcer.announce(IPV6, 0);
  runTo(70_000);
  assert.equal(timesOf(sent, IPV6), [0, 100, 300, 1_000, 2_000, 62_000]);
});

test('the refresh of different nodes drifts apart', () => {
  for (const [random, refreshAt] of [
    [0, 56_000],
    [0.999_999, 68_000],
  ] as const) {
    const { announcer, sent, runTo } = makeAnnouncer({}, () => random);
    announcer.announce(IPV6, 0);
    runTo(70_000);
    assert.is(timesOf(sent, IPV6).at(-1), refreshAt);
  }
});

test('a withdrawn IP is silent at once, and nothing is due', () => {
  const { announcer, sent, runTo } = makeAnnouncer();
  announcer.announce(IPV4, 0);
  announcer.announce(IPV6, 0);
  runTo(150);
  announcer.remind(IPV4, [ASKER], 150);
  announcer.withdraw(IPV4);
  announcer.withdraw(IPV6);
  assert.is(announcer.nextDeadline(), undefined);
  runTo(100_000);
  assert.ok(sent.every(({ at }) => at <= 150));
  assert.not.ok(announcer.isAnnounced(IPV4));
});

test('announcing again starts a full burst and ends the old one', () => {
  const { announcer, sent, runTo } = makeAnnouncer();
  announcer.announce(IPV6, 0);
  runTo(500);
  announcer.announce(IPV6, 500);
  runTo(30_000);
  assert.equal(timesOf(sent, IPV6), [0, 100, 300, 500, 600, 800, 1_500, 2_500]);
});

test('askers are told after the first round and before any later one', () => {
  const { announcer, sent, runTo, step } = makeAnnouncer();
  announcer.announce(IPV4, 0);
  step();
  announcer.remind(IPV4, [ASKER, ASKER], 0);
  announcer.announce(IPV6, 0);
  runTo(100);
  const order = sent.map((frame) => (frame.unicast ? 'asker' : frame.ip));
  assert.equal(order, [IPV4, IPV6, 'asker', 'asker', IPV4, IPV4, IPV6]);
});

test('askers that the pace keeps waiting are told as soon as it allows, not with the next round', () => {
  const { announcer, sent, runTo } = makeAnnouncer({ backgroundPerSecond: 50 });
  announcer.announce(IPV4, 0);
  announcer.remind(IPV4, [ASKER, ASKER, ASKER], 0);
  runTo(90);
  assert.equal(
    sent.filter(({ unicast }) => unicast).map(({ at }) => Math.floor(at / 20)),
    [0, 1, 2],
  );
});

test('an IP that is not announced is not told to askers', () => {
  const { announcer } = makeAnnouncer();
  announcer.remind(IPV4, [ASKER], 0);
  assert.equal(announcer.step(0), []);
  assert.is(announcer.nextDeadline(), undefined);
});

test('the first rounds of many IPs keep their rate though later rounds are overdue', () => {
  const { announcer, sent, runTo } = makeAnnouncer();
  for (const address of addresses(3_000)) announcer.announce(address, 0);
  runTo(3_000);
  const firstRounds = new Map(sent.toReversed().map((frame) => [frame.ip, frame.at]));
  assert.is(firstRounds.size, 3_000);
  assert.ok(Math.max(...firstRounds.values()) <= 3_000);
});

test('slowed down, first rounds still come first', () => {
  const { announcer, pacing, sent, runTo } = makeAnnouncer();
  announcer.announce(IPV6, 0);
  runTo(90);
  pacing.slowDown({ ratePerSecond: 10, burst: 1 }, 90);
  const ips = addresses(20);
  for (const address of ips) announcer.announce(address, 90);
  runTo(1_980);
  assert.equal(
    sent.slice(1).map((frame) => frame.ip),
    ips.slice(0, 19),
  );
});

test('every announced IP gets its five rounds, however many there are', () => {
  const { announcer, sent, runTo } = makeAnnouncer();
  const ips = addresses(500);
  for (const address of ips) announcer.announce(address, 0);
  runTo(30_000);
  for (const address of ips) assert.is(timesOf(sent, address).length, 1 + 4 * 2, address);
});

test('never sends more than its rates over any window, whatever is asked of it', () => {
  const command = fc.record({
    at: fc.integer({ min: 0, max: 3_000 }),
    index: fc.nat(60),
    what: fc.constantFrom('announce', 'withdraw', 'remind'),
  });
  const options = { firstRoundPerSecond: 100, backgroundPerSecond: 50 };
  fc.assert(
    fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
      const { announcer, sent, runTo } = makeAnnouncer(options);
      const ips = addresses(61);
      for (const { at, index, what } of commands.sort((a, b) => a.at - b.at)) {
        runTo(at);
        const address = ips[index] ?? IPV4;
        if (what === 'announce') announcer.announce(address, at);
        if (what === 'withdraw') announcer.withdraw(address);
        if (what === 'remind') announcer.remind(address, [ASKER, ASKER], at);
      }
      runTo(5_000);
      assertRate(sent, 0.15, 2 + 1);
    }),
    { numRuns: 50 },
  );
});

function assertRate(sent: readonly Sent[], perMs: number, burst: number): void {
  for (const [index, from] of sent.entries()) {
    for (const [more, to] of sent.slice(index).entries()) {
      const allowed = burst + (to.at - from.at) * perMs;
      assert.ok(more + 1 <= allowed + 1e-6, `${more + 1} frames from ${from.at} to ${to.at}`);
    }
  }
}

test.run();
