import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NowAndThen } from '../../modules/metallb/src/time/now-and-then.ts';

test('the first is told, then one in a while with the number of those in between, each key by itself', () => {
  const words = new NowAndThen(1_000);
  assert.is(words.take('a', 0), 0);
  for (let now = 1; now < 1_000; now += 1) assert.is(words.take('a', now), undefined);
  assert.is(words.take('b', 500), 0);
  assert.is(words.take('a', 1_000), 999);
  assert.is(words.take('a', 1_999), undefined);
  assert.is(words.take('a', 5_000), 1);
});

test.run();
