import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { BfdKey } from '../../modules/metallb/src/bfd/authentication.ts';
import type { BfdOptions } from '../../modules/metallb/src/bfd/session.ts';
import { BfdPair, FAST, type Sent } from '../support/bfd-pair.ts';

const METICULOUS: BfdKey = {
  ...{ kind: 'meticulous-keyed-sha1', id: 1, secret: Buffer.from('opensesame') },
};
const KEYED: BfdKey = { ...METICULOUS, kind: 'keyed-sha1' };
const OTHER: BfdKey = { ...METICULOUS, secret: Buffer.from('openbarley') };
const UP = ['Up', 'Up'];

function up(left: Partial<BfdOptions> = {}, right: Partial<BfdOptions> = {}): BfdPair {
  const pair = new BfdPair().start(left, right).pass(3_000);
  assert.equal(pair.states, UP);
  return pair;
}

function gaps(sent: readonly Sent[]): number[] {
  return sent.slice(1).map(({ at }, index) => at - (sent[index]?.at ?? 0));
}

const PAIRS: [string, Partial<BfdOptions>, Partial<BfdOptions>][] = [
  ['both active', {}, {}],
  ['one passive', { passive: true }, {}],
  ['a multiplier of 1', { detectMultiplier: 1 }, { detectMultiplier: 1 }],
  ['one slow', { desiredMinTxMs: 2_000, requiredMinRxMs: 900 }, {}],
  ['keyed SHA1', { key: KEYED }, { key: KEYED }],
  ['meticulous SHA1', { key: METICULOUS }, { key: METICULOUS }],
];
for (const [name, left, right] of PAIRS) {
  test(`${name}: Up within three seconds, and for a minute`, () => {
    const pair = up(left, right).pass(60_000);
    assert.equal(pair.states, UP);
    assert.equal([pair.left.told, pair.right.told], [['up'], ['up']]);
    assert.equal(pair.left.drops, {});
  });
}

const APART: [string, Partial<BfdOptions>, Partial<BfdOptions>, string][] = [
  ['both passive', { passive: true }, { passive: true }, 'nothing has come from the peer yet'],
  ['another key', { key: METICULOUS }, { key: OTHER }, 'the peer signs with another key'],
  ['one key', { key: METICULOUS }, {}, 'the peer does not sign its packets'],
  ['no key', {}, { key: KEYED }, 'the peer signs its packets, and no key is set here'],
  [
    'another kind',
    { key: KEYED },
    { key: METICULOUS },
    'the peer signs its packets in another way than is set here',
  ],
];
for (const [name, left, right, why] of APART) {
  test(`${name}: never Up, and it is said why`, () => {
    const pair = new BfdPair().start(left, right).pass(60_000);
    assert.equal(pair.states, ['Down', 'Down']);
    assert.is(pair.left.why, why);
    assert.equal(pair.left.told, []);
  });
}

test('intervals are those agreed, with jitter, and every change of them is confirmed', () => {
  const pair = up({ desiredMinTxMs: 50 }, { requiredMinRxMs: 80 });
  pair.left.sent.length = 0;
  pair.pass(10_000);
  for (const gap of gaps(pair.left.sent)) assert.ok(gap >= 60 && gap <= 80, `${gap} ms`);
  assert.not(
    pair.left.sent.some(({ packet }) => packet.poll),
    'nothing is left to confirm',
  );
  pair.left.configure({ desiredMinTxMs: 500, requiredMinRxMs: 200 });
  pair.pass(10_000);
  const polls = pair.left.sent.filter(({ packet }) => packet.poll).length;
  assert.ok(polls >= 1 && polls < 5, `${polls} questions`);
  assert.ok(gaps(pair.left.sent.slice(-10)).every((gap) => gap >= 375 && gap <= 500));
  assert.is(pair.right.detectionMs, 1_500);
  assert.equal([pair.left.told, pair.right.told], [['up'], ['up']]);
});

test('a peer that dies is noticed by the detection time, and no earlier than two intervals', () => {
  const pair = up();
  const died = pair.clock.now();
  pair.right.kill();
  pair.pass(1_000);
  const last = pair.left.events.at(-1);
  assert.is(last?.event.type, 'failed');
  const after = (last?.at ?? 0) - died;
  assert.ok(after > 100 && after <= 151, `${after} ms`);
});

test('whoever hears nothing tells the other, who fails at once', () => {
  const pair = up();
  pair.deaf = pair.left;
  pair.pass(500);
  const [left, right] = [pair.left.events.at(-1), pair.right.events.at(-1)];
  assert.equal([left?.event.type, right?.event.type], ['failed', 'failed']);
  assert.is(Math.round((right?.at ?? 0) - (left?.at ?? 0)), 1);
  assert.match(pair.right.why ?? '', 'nothing came for the detection time');
  pair.deaf = undefined;
  pair.pass(5_000);
  assert.equal(pair.states, UP);
});

test('shutting down is no failure to the peer', () => {
  const pair = up();
  pair.left.shutDown();
  pair.pass(10_000);
  assert.equal(pair.states, ['AdminDown', 'Down']);
  assert.equal(pair.right.told, ['up', 'ended']);
});

test('a peer that starts anew fails, and comes back', () => {
  for (const key of [undefined, KEYED, METICULOUS]) {
    const pair = up({ key }, { key });
    pair.right.kill();
    pair.right.start({ key });
    pair.pass(5_000);
    assert.equal(pair.states, UP);
    assert.equal(pair.left.told, ['up', 'failed', 'up']);
  }
});

test('a peer that goes on where another process has stopped is not missed', () => {
  for (const key of [undefined, KEYED, METICULOUS]) {
    for (let seed = 1; seed <= 20; seed += 1) {
      const pair = new BfdPair(seed).start({ key }, { key }).pass(5_000 + seed * 7);
      const { memory } = pair.right;
      assert.ok(memory);
      pair.right.kill();
      pair.pass(60);
      pair.right.start({ key }, memory);
      pair.pass(5_000);
      assert.equal(pair.left.told, ['up']);
      assert.equal(pair.right.told, ['up', 'up']);
    }
  }
});

test('with other timers too: they are agreed anew', () => {
  const pair = up();
  const { memory } = pair.right;
  pair.right.kill();
  pair.pass(40);
  pair.right.start({ desiredMinTxMs: 400, requiredMinRxMs: 400 }, memory);
  pair.pass(5_000);
  assert.equal(pair.left.told, ['up']);
  assert.is(pair.left.detectionMs, 1_200);
});

test('whoever goes on too late has been missed', () => {
  const pair = up();
  const { memory } = pair.right;
  pair.right.kill();
  pair.pass(400);
  pair.right.start({}, memory);
  pair.pass(5_000);
  assert.equal(pair.left.told, ['up', 'failed', 'up']);
  assert.equal(pair.states, UP);
});

test('what is kept is little: nothing while nothing changes, but numbers of a meticulous peer', () => {
  const pair = up();
  const { memory } = pair.left;
  pair.pass(60_000);
  assert.is(pair.left.memory, memory);
  pair.left.shutDown();
  assert.is(pair.left.memory, undefined);
  const strict = up({ key: METICULOUS }, { key: METICULOUS });
  const before = { keeps: strict.left.keeps, sent: strict.left.sent.length };
  strict.pass(10_000);
  const kept = (strict.left.keeps - before.keeps) / (strict.left.sent.length - before.sent);
  assert.ok(kept > 0.3 && kept < 0.35, `${kept} of all packets: every third`);
});

test('each timer that either side changes is kept', () => {
  const pair = up();
  let wanted = FAST;
  for (const change of [{ desiredMinTxMs: 70 }, { requiredMinRxMs: 80 }, { detectMultiplier: 5 }]) {
    wanted = { ...wanted, ...change };
    const { desiredMinTxMs, requiredMinRxMs, detectMultiplier } = wanted;
    pair.left.configure(wanted);
    pair.pass(5_000);
    const { memory } = pair.left;
    assert.equal(
      [memory?.desiredMinTxMs, memory?.requiredMinRxMs],
      [desiredMinTxMs, requiredMinRxMs],
    );
    const remote = { desiredMinTxMs, requiredMinRxMs, detectMultiplier };
    assert.equal(pair.right.memory?.remote, remote);
  }
});

test('what waits to be read is read before anybody is called silent', () => {
  const pair = up();
  pair.left.isStalled = true;
  pair.pass(1_000);
  assert.equal(pair.left.told, ['up']);
  pair.right.kill();
  pair.pass(1_000);
  assert.equal(pair.left.told, ['up', 'failed']);
});

test('packets that are for nobody are counted', () => {
  const pair = up();
  const first = pair.right.sent.find(({ packet }) => packet.yourDiscriminator !== 0);
  pair.left.hear(Uint8Array.of(1, 2, 3));
  assert.ok(first);
  const stranger = Uint8Array.from(first.bytes);
  stranger.set([0, 0, 0, 99], 8);
  pair.left.hear(stranger);
  // Over several hops, in the name of a neighbour; and from another one who knows no session yet.
  pair.left.hear(first.bytes, { isMultihop: true });
  pair.left.hear(pair.right.sent[0]?.bytes ?? stranger, { interface: 'eth1' });
  assert.equal(pair.left.drops, { malformed: 1, 'unknown-session': 3 });
  assert.is(pair.left.state, 'Up');
});

test('whatever is lost for a while, both come Up again and agree', () => {
  const keys = fc.constantFrom(undefined, KEYED, METICULOUS);
  const weather = fc.array(fc.tuple(fc.constantFrom(0, 0.1, 0.4, 0.9, 1), fc.nat(3_000)), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(fc.nat(2 ** 31), keys, weather, (seed, key, phases) => {
      const pair = new BfdPair(seed).start({ key }, { key });
      for (const [loss, ms] of phases) {
        pair.loss = loss;
        pair.pass(ms);
      }
      pair.loss = 0;
      pair.pass(10_000);
      assert.equal(pair.states, UP);
      assert.is(pair.left.detectionMs, FAST.detectMultiplier * FAST.requiredMinRxMs);
      const { told } = pair.left;
      // Up and failed in turn, however it went.
      const inTurn = told.map((_, index) => (index % 2 === 0 ? 'up' : 'failed'));
      assert.equal(told, inTurn);
    }),
    { numRuns: 60 },
  );
});

test.run();
