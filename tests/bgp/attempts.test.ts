import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Attempts } from '../../modules/metallb/src/bgp/attempts.ts';
import { type FsmPhase, IDLE } from '../../modules/metallb/src/bgp/fsm.ts';

/** No pause is shortened. */
const options = (connectRetryMs: number) => ({
  ...{ passive: false, connectRetryMs, keepaliveMs: undefined, sendHoldMs: 240_000 },
});
const attempts = () => new Attempts(options(10_000), () => 0);

function end(one: Attempts, before: FsmPhase, now: number): number {
  one.ended(before, { ...IDLE, connectRetryCounter: one.count + 1 }, now);
  one.pause(now);
  return one.startAt - now;
}

test('each attempt that comes to nothing makes the next one wait longer, for two minutes at most', () => {
  const one = attempts();
  const pauses = Array.from({ length: 9 }, () => end(one, 'Connect', 0));
  assert.equal(
    pauses,
    [1, 2, 4, 8, 16, 32, 64, 120, 120].map((seconds) => seconds * 1_000),
  );
  assert.is(one.count, 9);
});

test('a session that ends before half a minute is one more of them; a longer one makes an end of it', () => {
  const one = attempts();
  end(one, 'OpenConfirm', 0);
  one.established(0);
  assert.is(end(one, 'Established', 29_999), 2_000);
  one.established(0);
  assert.is(end(one, 'Established', 30_000), 1_000);
  assert.is(one.count, 0);
});

test('a connection that ends beside a session says nothing of the session', () => {
  const one = attempts();
  end(one, 'Connect', 0);
  one.established(0);
  one.ended('OpenSent', { ...IDLE, connectRetryCounter: 5 }, 60_000);
  assert.is(one.count, 5);
});

test('whoever wants a session anew waits for nothing', () => {
  const one = attempts();
  for (let failed = 0; failed < 3; failed += 1) end(one, 'Connect', 0);
  one.nextRetryMs();
  one.beginAnew(500);
  assert.is(one.startAt, 500);
  assert.is(one.nextRetryMs(), 1_000);
  assert.is(end(one, 'Connect', 500), 1_000);
});

test('no pause after a lost connection is longer than an attempt may take', () => {
  const short = new Attempts(options(600), () => 0);
  assert.equal([short.nextRetryMs(), short.nextRetryMs()], [600, 600]);
  const one = attempts();
  const pauses = Array.from({ length: 5 }, () => one.nextRetryMs());
  assert.equal(pauses, [1_000, 2_000, 4_000, 8_000, 10_000]);
  one.established(0);
  assert.is(one.nextRetryMs(), 1_000);
});

test('nodes don’t come to a router in step: each timer runs for up to a quarter less (RFC 4271 §10)', () => {
  const draws = [0, 0.5, 0.996];
  const one = new Attempts(options(10_000), () => draws.shift() ?? 0);
  const shares = draws.slice().map(() => one.nextOptions().share);
  assert.equal(shares, [1, 0.875, 0.751]);
  assert.is(one.nextOptions().connectRetryMs, 10_000);
});

test.run();
