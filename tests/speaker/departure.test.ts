import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Departure } from '../../modules/metallb/src/speaker/departure.ts';

test('a node that is drained is the last choice for five seconds, and then gone, until it is wanted back', () => {
  const departure = new Departure();
  assert.is(departure.standing(false, 1_000), 'here');
  assert.is(departure.nextEdgeMs, undefined);
  assert.is(departure.standing(true, 2_000), 'leaving');
  assert.is(departure.nextEdgeMs, 7_000);
  assert.is(departure.standing(true, 6_999), 'leaving');
  assert.is(departure.standing(true, 7_000), 'gone');
  assert.is(departure.standing(false, 8_000), 'here');
  assert.is(departure.standing(true, 9_000), 'leaving', 'each time anew');
});

test('one that was drained before it started announces nothing', () => {
  const departure = new Departure();
  assert.is(departure.standing(true, 1_000), 'gone');
  assert.is(departure.standing(false, 2_000), 'here');
});

test.run();
