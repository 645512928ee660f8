import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Pacing, type Traffic } from '../../modules/metallb/src/layer2/pacing.ts';

function taken(pacing: Pacing, traffic: Traffic, now: number): number {
  let count = 0;
  while (pacing.tryTake(traffic, now)) count += 1;
  return count;
}

test('each traffic has its own rate', () => {
  const pacing = new Pacing({ firstRoundPerSecond: 1_000, backgroundPerSecond: 500 }, 0);
  assert.is(taken(pacing, 'first-round', 0), 20);
  assert.is(taken(pacing, 'background', 0), 10);
  assert.is(taken(pacing, 'first-round', 10), 10);
  assert.is(taken(pacing, 'background', 10), 5);
  assert.is(pacing.waitMs('background', 10), 2);
});

test('a rate of a few per second still sends', () => {
  const pacing = new Pacing({ firstRoundPerSecond: 10 }, 0);
  assert.is(taken(pacing, 'first-round', 0), 1);
  assert.is(pacing.waitMs('first-round', 0), 100);
});

const SLOW = { ratePerSecond: 10, burst: 4 };

test('slowed down, everything shares one rate', () => {
  const pacing = new Pacing({}, 0);
  pacing.slowDown(SLOW, 0);
  assert.is(taken(pacing, 'first-round', 0), 4);
  assert.is(taken(pacing, 'background', 0), 0);
  assert.is(taken(pacing, 'background', 100), 1);
  assert.is(pacing.waitMs('first-round', 100), 100);
});

test('a second slowdown lets no frame more through', () => {
  const pacing = new Pacing({}, 0);
  pacing.slowDown(SLOW, 0);
  assert.is(taken(pacing, 'background', 0), 4);
  pacing.slowDown(SLOW, 0);
  assert.is(taken(pacing, 'background', 0), 0);
});

test('restored, the usual rates hold again', () => {
  const pacing = new Pacing({}, 0);
  pacing.slowDown(SLOW, 0);
  pacing.restore();
  assert.is(taken(pacing, 'first-round', 0), 20);
});

test.run();
