import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Ending } from '../../modules/metallb/src/wire/ending.ts';
import { FakeClock } from '../support/fake-clock.ts';

const GRACE_MS = 28_000;
const SECOND_THOUGHT_MS = 500;

/** The end of a wire whose surroundings a test changes as time passes. */
function ending() {
  const clock = new FakeClock();
  const surroundings = { draining: false, handsOver: false };
  const done: string[] = [];
  const of = new Ending(
    {
      clock,
      isDraining: () => surroundings.draining,
      handsOver: () => surroundings.handsOver,
      sayRestarting: () => void done.push(`restarting ${clock.now()}`),
      exit: () => void done.push(`exit ${clock.now()}`),
    },
    { graceMs: GRACE_MS },
  );
  return { clock, surroundings, done, begin: () => of.begin() };
}

test('a node that stays says restarting, and gives its last words time to leave', () => {
  const { clock, done, begin } = ending();
  begin();
  clock.advance(SECOND_THOUGHT_MS - 1);
  assert.equal(done, []);
  clock.advance(GRACE_MS);
  assert.equal(done, ['restarting 500', 'exit 530']);
});

for (const delayMs of [0, 100, SECOND_THOUGHT_MS - 20]) {
  test(`a drain that is heard ${delayMs} ms after SIGTERM hands over`, () => {
    const { clock, surroundings, done, begin } = ending();
    begin();
    clock.advance(delayMs);
    Object.assign(surroundings, { draining: true, handsOver: true });
    clock.advance(3_000);
    assert.equal(done, [], 'not before others have everything');
    surroundings.handsOver = false;
    clock.advance(20);
    assert.is(done.length, 1);
    assert.match(done[0] ?? '', 'exit');
  });
}

test('a drained node whose IPs are with others ends at once', () => {
  const { surroundings, done, begin } = ending();
  surroundings.draining = true;
  begin();
  assert.equal(done, ['exit 0']);
});

test('a leaver without successor ends when it must', () => {
  const { clock, surroundings, done, begin } = ending();
  Object.assign(surroundings, { draining: true, handsOver: true });
  begin();
  clock.advance(GRACE_MS);
  assert.equal(done, [`exit ${GRACE_MS}`]);
});

test('a node whose drain is called off comes back', () => {
  const { clock, surroundings, done, begin } = ending();
  Object.assign(surroundings, { draining: true, handsOver: true });
  begin();
  clock.advance(1_000);
  Object.assign(surroundings, { draining: false, handsOver: false });
  clock.advance(50);
  assert.equal(done, ['restarting 1020', 'exit 1050']);
});

test('what a node that stays has lost to others is handed over first', () => {
  const { clock, surroundings, done, begin } = ending();
  surroundings.handsOver = true;
  begin();
  clock.advance(2_000);
  assert.equal(done, []);
  surroundings.handsOver = false;
  clock.advance(50);
  assert.equal(done, ['restarting 2020', 'exit 2050']);
});

test('a second SIGTERM changes nothing', () => {
  const { clock, done, begin } = ending();
  begin();
  clock.advance(400);
  begin();
  clock.advance(GRACE_MS);
  assert.equal(done, ['restarting 500', 'exit 530']);
});

test.run();
