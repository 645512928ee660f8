import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { describeProblem, formatProblems } from '../../modules/metallb/src/api/problem.ts';

const cycle: unknown[] = [];
cycle.push(cycle);
const deep: unknown = JSON.parse('['.repeat(20_000) + ']'.repeat(20_000));

const values: [name: string, value: unknown, shown: string][] = [
  ['nothing', undefined, 'is missing'],
  ['a string', 'a"b', 'is "a\\"b"'],
  ['an object', { a: [1] }, 'is {"a":[1]}'],
  ['a number that JSON has no word for', Number.POSITIVE_INFINITY, 'is Infinity'],
  ['a YAML alias of what holds it', cycle, `is ${'['.repeat(100)}…`],
  ['twenty thousand lists in each other', deep, `is ${'['.repeat(100)}…`],
  [
    'an object of many members',
    { a: null, b: [true, {}], c: 'd' },
    'is {"a":null,"b":[true,{}],"c":"d"}',
  ],
  ['as much as is read', 'x'.repeat(98), `is "${'x'.repeat(98)}"`],
  ['more than is read', 'x'.repeat(300_000), `is "${'x'.repeat(99)}…`],
  ['no half of a character', `${'x'.repeat(98)}😀😀`, `is "${'x'.repeat(98)}…`],
];
for (const [name, value, shown] of values) {
  test(`a problem shows ${name}`, () => {
    const problem = {
      object: 'Service/web/nginx',
      field: 'spec.type',
      value,
      expected: 'expected x',
    };
    assert.is(describeProblem(problem), `spec.type ${shown}: expected x`);
  });
}

test('a condition tells the first twenty problems and how many more there are', () => {
  const problem = { object: 'Service/web/nginx', value: 1, expected: 'expected x' };
  const many = Array.from({ length: 256 }, (_, index) => ({ ...problem, field: `a[${index}]` }));
  const told = formatProblems(many).split('; ');
  assert.is(told.length, 21);
  assert.is(told[19], 'Service/web/nginx: a[19] is 1: expected x');
  assert.is(told[20], 'and 236 more');
  assert.is(formatProblems(many.slice(0, 2)).split('; ').length, 2);
});

test.run();
