import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FreeSpace } from '../../modules/metallb/src/ipam/free-space.ts';

const SIZE = 24;

/** What is left, lowest first, found by taking all of it. */
function drain(space: FreeSpace): number[] {
  const values: number[] = [];
  for (let lowest = space.lowest; lowest !== undefined; lowest = space.lowest) {
    assert.ok(space.take(lowest));
    values.push(Number(lowest));
  }
  return values;
}

test('behaves as a plain set of numbers does', () => {
  const operation = fc.record({ kind: fc.constantFrom('take', 'add'), value: fc.nat(SIZE - 1) });
  return fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const space = new FreeSpace([
        { first: 2n, last: 7n },
        { first: 9n, last: 9n },
      ]);
      const model = new Set([2, 3, 4, 5, 6, 7, 9]);
      for (const { kind, value } of operations) {
        if (kind === 'take') {
          assert.is(space.take(BigInt(value)), model.delete(value));
        } else {
          space.add(BigInt(value));
          model.add(value);
        }
        const lowest = model.size === 0 ? undefined : BigInt(Math.min(...model));
        assert.is(space.lowest, lowest);
      }
      assert.equal(
        drain(space),
        [...model].sort((a, b) => a - b),
      );
    }),
    { numRuns: 500 },
  );
});

test('stays a set when it is broken into thousands of pieces and made whole again', () => {
  const size = 5_000;
  const space = new FreeSpace([{ first: 0n, last: BigInt(size - 1) }]);
  // 77 has no divisor in common with the size: every number comes once, in no order.
  const scattered = Array.from({ length: size }, (_, index) => (index * 77) % size);
  for (const value of scattered) if (value % 2 === 0) assert.ok(space.take(BigInt(value)));
  for (const value of scattered) assert.is(space.take(BigInt(value)), value % 2 === 1);
  assert.is(space.lowest, undefined);
  for (const value of scattered) space.add(BigInt(value));
  assert.equal(
    drain(space),
    [...scattered].sort((a, b) => a - b),
  );
});

test('a /64 costs no more than a /32', () => {
  const first = 0x2001_0db8n << 96n;
  const space = new FreeSpace([{ first, last: first + (1n << 64n) - 1n }]);
  assert.ok(space.take(first + (1n << 63n)));
  assert.ok(space.take(first));
  assert.not.ok(space.take(first));
  assert.is(space.lowest, first + 1n);
});

test.run();
