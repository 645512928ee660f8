import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Claim } from '../../modules/metallb/src/layer2/claim.ts';
import { ConflictWatch } from '../../modules/metallb/src/layer2/conflict-watch.ts';
import { Pacing } from '../../modules/metallb/src/layer2/pacing.ts';
import { ipFromBigInt } from '../../modules/metallb/src/net/ip.ts';
import { ip, mac } from '../support/addresses.ts';

const PEER = mac('02:00:00:00:00:0c');
const FOREIGN = mac('02:00:00:00:00:0f');
const OTHER = mac('02:00:00:00:00:0e');
const IP = ip('192.0.2.10');
const REPLY: Claim = { kind: 'reply', ip: IP, mac: FOREIGN };
const REPORT = { kind: 'report', ip: IP, mac: FOREIGN };
const DEFEND = { kind: 'defend', ip: IP };
const ASK = { kind: 'ask', ip: IP };
const OVER = { kind: 'over', ip: IP };

function makeWatch(...ips: (typeof IP)[]): ConflictWatch {
  const watch = new ConflictWatch(new Pacing({}, 0), (address) => address === PEER);
  for (const one of ips) watch.watch(one, 0);
  return watch;
}

const FIRST: [string, Claim, unknown[]][] = [
  ['a foreign reply is reported and answered', REPLY, [REPORT, DEFEND]],
  ['a foreign announcement too', { ...REPLY, kind: 'announcement' }, [REPORT, DEFEND]],
  ['a peer is no foreigner', { ...REPLY, mac: PEER }, []],
  ['what is not announced here is no conflict', { ...REPLY, ip: ip('192.0.2.11') }, []],
];
for (const [name, claim, actions] of FIRST) {
  test(name, () => assert.equal(makeWatch(IP).observe(claim, 0), actions));
}

test('reports once, defends once in ten seconds', () => {
  const watch = makeWatch(IP);
  watch.observe(REPLY, 0);
  assert.equal(watch.observe(REPLY, 9_999), []);
  assert.equal(watch.observe(REPLY, 10_000), [DEFEND]);
  assert.equal(watch.observe(REPLY, 19_999), []);
});

test('another foreign host is reported too, without another defence', () => {
  const watch = makeWatch(IP);
  watch.observe(REPLY, 0);
  assert.equal(watch.observe({ ...REPLY, mac: OTHER }, 100), [{ ...REPORT, mac: OTHER }]);
});

test('asks for an IP every minute, every ten seconds while another host has it', () => {
  const watch = makeWatch(IP);
  assert.is(watch.nextDeadline(), 60_000);
  assert.equal(watch.step(59_999), []);
  assert.equal(watch.step(60_000), [ASK]);
  assert.is(watch.nextDeadline(), 120_000);
  watch.observe(REPLY, 60_001);
  assert.is(watch.nextDeadline(), 70_001);
  assert.equal(watch.step(70_001), [ASK]);
  assert.is(watch.nextDeadline(), 80_001);
});

test('announced again, it is asked for no sooner', () => {
  const watch = makeWatch(IP);
  watch.watch(IP, 30_000);
  assert.equal(watch.step(60_000), [ASK]);
});

test('is over when three questions stayed without an answer', () => {
  const watch = makeWatch(IP);
  watch.observe(REPLY, 0);
  for (const at of [10_000, 20_000]) assert.equal(watch.step(at), [ASK]);
  watch.observe(REPLY, 20_001);
  for (const at of [30_000, 40_000, 50_000]) assert.equal(watch.step(at), [ASK]);
  assert.equal(watch.step(60_000), [OVER, ASK]);
  assert.is(watch.nextDeadline(), 120_000);
  assert.equal(watch.observe(REPLY, 70_000), [REPORT, DEFEND]);
});

test('is over when the IP is announced here no longer', () => {
  const watch = makeWatch(IP);
  watch.observe(REPLY, 0);
  assert.equal(watch.forget(IP), [OVER]);
  assert.equal(watch.forget(IP), []);
  assert.is(watch.nextDeadline(), undefined);
});

test('asks for thousands no faster than switches allow', () => {
  const all = Array.from({ length: 5_000 }, (_, index) => ipFromBigInt('IPv4', BigInt(index)));
  const watch = makeWatch(...all);
  let asked = 0;
  for (let at = 60_000; at < 61_000; at += 10) asked += watch.step(at).length;
  assert.ok(asked > 400 && asked <= 520, `${asked} in a second`);
});

test('whatever is heard, an IP is defended at most once in ten seconds', () => {
  const claim = fc.record({
    afterMs: fc.nat(8_000),
    kind: fc.constantFrom<Claim['kind']>('reply', 'announcement'),
    from: fc.constantFrom(FOREIGN, OTHER, PEER),
  });
  fc.assert(
    fc.property(fc.array(claim, { maxLength: 60 }), (claims) => {
      const watch = makeWatch(IP);
      let now = 0;
      let defendedAt = Number.NEGATIVE_INFINITY;
      for (const { afterMs, kind, from } of claims) {
        now += afterMs;
        const actions = [...watch.step(now), ...watch.observe({ kind, ip: IP, mac: from }, now)];
        if (!actions.some((action) => action.kind === 'defend')) continue;
        assert.ok(now - defendedAt >= 10_000);
        defendedAt = now;
      }
    }),
  );
});

test.run();
