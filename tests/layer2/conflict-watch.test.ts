import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Claim } from '../../modules/metallb/src/layer2/claim.ts';
import { ConflictWatch } from '../../modules/metallb/src/layer2/conflict-watch.ts';
import { ipFromBigInt } from '../../modules/metallb/src/net/ip.ts';
import { ip, mac } from '../support/addresses.ts';

const PEER = mac('02:00:00:00:00:0c');
const FOREIGN = mac('02:00:00:00:00:0f');
const OTHER = mac('02:00:00:00:00:0e');
const IP = ip('192.0.2.10');
const REPLY: Claim = { kind: 'reply', ip: IP, mac: FOREIGN };
const REPORT = { kind: 'report', ip: IP, mac: FOREIGN };
const DEFEND = { kind: 'defend', ip: IP };
const OVER = { kind: 'over', ip: IP };

function makeWatch(): ConflictWatch {
  return new ConflictWatch((address) => address === PEER);
}

const FIRST: [string, Claim, unknown[]][] = [
  ['a foreign reply is reported and answered', REPLY, [REPORT, DEFEND]],
  ['a foreign announcement too', { ...REPLY, kind: 'announcement' }, [REPORT, DEFEND]],
  ['a peer is no foreigner', { ...REPLY, mac: PEER }, []],
];
for (const [name, claim, actions] of FIRST) {
  test(name, () => assert.equal(makeWatch().observe(claim, 0), actions));
}

test('reports once, defends once in ten seconds', () => {
  const watch = makeWatch();
  watch.observe(REPLY, 0);
  assert.equal(watch.observe(REPLY, 9_999), []);
  assert.equal(watch.observe(REPLY, 10_000), [DEFEND]);
  assert.equal(watch.observe(REPLY, 19_999), []);
});

test('another foreign host is reported too, without another defence', () => {
  const watch = makeWatch();
  watch.observe(REPLY, 0);
  assert.equal(watch.observe({ ...REPLY, mac: OTHER }, 100), [{ ...REPORT, mac: OTHER }]);
});

test('is over when nobody has claimed the IP for five minutes', () => {
  const watch = makeWatch();
  assert.is(watch.nextDeadline(), undefined);
  watch.observe(REPLY, 0);
  watch.observe(REPLY, 60_000);
  assert.is(watch.nextDeadline(), 360_000);
  assert.equal(watch.step(359_999), []);
  assert.equal(watch.step(360_000), [OVER]);
  assert.equal(watch.step(360_000), []);
  assert.is(watch.nextDeadline(), undefined);
  assert.equal(watch.observe(REPLY, 400_000), [REPORT, DEFEND]);
});

test('is over when the IP is announced here no longer', () => {
  const watch = makeWatch();
  watch.observe(REPLY, 0);
  assert.equal(watch.forget(IP), [OVER]);
  assert.equal(watch.forget(IP), []);
});

test('a flood of conflicts stays within bounds, and what is dropped is not left reported', () => {
  const watch = makeWatch();
  let open = 0;
  for (let index = 0; index < 5_000; index += 1) {
    const address = ipFromBigInt('IPv4', BigInt(index));
    for (const { kind } of watch.observe({ ...REPLY, ip: address }, index)) {
      if (kind === 'report') open += 1;
      if (kind === 'over') open -= 1;
    }
  }
  assert.is(open, 1_024);
  assert.is(watch.step(1e9).length, 1_024);
});

test('whatever is heard, an IP is defended at most once in ten seconds', () => {
  const claim = fc.record({
    afterMs: fc.nat(8_000),
    kind: fc.constantFrom<Claim['kind']>('reply', 'announcement'),
    from: fc.constantFrom(FOREIGN, OTHER, PEER),
  });
  fc.assert(
    fc.property(fc.array(claim, { maxLength: 60 }), (claims) => {
      const watch = makeWatch();
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
