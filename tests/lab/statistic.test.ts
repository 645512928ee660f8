import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { summarise } from '../../lab/statistic.ts';

const CASES: readonly [string, readonly number[], object][] = [
  ['one sample is everything', [7], { n: 1, min: 7, p50: 7, p90: 7, p99: 7, max: 7 }],
  ['nearest rank, in any order', [4, 1, 3, 2], { n: 4, min: 1, p50: 2, p90: 4, p99: 4, max: 4 }],
  [
    'rounded to thousandths',
    [1.23456],
    { n: 1, min: 1.235, p50: 1.235, p90: 1.235, p99: 1.235, max: 1.235 },
  ],
];

for (const [name, samples, expected] of CASES) {
  test(name, () => assert.equal(summarise(samples), expected));
}

test('p99 of a hundred samples is the second largest', () => {
  const samples = Array.from({ length: 100 }, (_, index) => index + 1);
  assert.is(summarise(samples).p99, 99);
});

test('no samples are an error, not a zero', () => {
  assert.throws(() => summarise([]), 'no samples');
});

test.run();
