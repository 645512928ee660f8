import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DueQueue } from '../../modules/metallb/src/layer2/due-queue.ts';

test('gives items in order of their time, and skips the unwanted', () => {
  const entry = fc.record({ at: fc.nat(50), wanted: fc.boolean() });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 300 }), (entries) => {
      const queue = new DueQueue<{ wanted: boolean }>(({ wanted }) => wanted);
      for (const item of entries) queue.push(item.at, item);
      const given: number[] = [];
      for (let next = queue.peek(); next !== undefined; next = queue.peek()) {
        given.push(next.at);
        queue.pop();
      }
      const expected = entries.filter(({ wanted }) => wanted).map(({ at }) => at);
      assert.equal(
        given,
        expected.sort((a, b) => a - b),
      );
    }),
  );
});

test('unwanted items do not pile up', () => {
  const queue = new DueQueue<{ wanted: boolean }>(({ wanted }) => wanted);
  queue.push(0, { wanted: true });
  for (let count = 0; count < 10_000; count += 1) queue.push(1, { wanted: false });
  assert.ok(queue.size <= 2 + 64, `${queue.size} entries`);
});

test('a look at what is due next looks at one item of 10,000', () => {
  let looks = 0;
  const queue = new DueQueue<number>(() => {
    looks += 1;
    return true;
  });
  for (let item = 0; item < 10_000; item += 1) queue.push(item, item);
  looks = 0;
  assert.equal(queue.peek(), { at: 0, item: 0 });
  assert.is(looks, 1);
});

test('an empty queue gives nothing', () => {
  const queue = new DueQueue<number>(() => true);
  assert.is(queue.peek(), undefined);
  assert.is(queue.pop(), undefined);
});

test.run();
