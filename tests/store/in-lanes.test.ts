import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inLanes } from '../../modules/metallb/src/store/in-lanes.ts';

const ITEMS = Array.from({ length: 20 }, (_, index) => index);

test('every item is worked on once, in order, and never more at a time than there are lanes', async () => {
  const begun: number[] = [];
  let inFlight = 0;
  let most = 0;
  await inLanes(3, ITEMS, async (item) => {
    begun.push(item);
    inFlight += 1;
    most = Math.max(most, inFlight);
    await Promise.resolve();
    inFlight -= 1;
  });
  assert.equal(begun, ITEMS);
  assert.is(most, 3);
});

test('a failure ends its lane and is thrown when nothing is under way any more', async () => {
  const done: number[] = [];
  const failure = await inLanes(3, ITEMS, async (item) => {
    if (item === 1) throw new Error('item 1');
    await new Promise((resolve) => setImmediate(resolve));
    done.push(item);
  }).catch((error: unknown) => error);
  assert.is((failure as Error).message, 'item 1');
  assert.equal(
    done,
    ITEMS.filter((item) => item !== 1),
  );
});

test('no items are no work', async () => {
  await inLanes(3, [], () => Promise.reject(new Error('worked')));
});

test.run();
