import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAge } from '../../modules/metallb/src/cli/age.ts';
import { coloured, paintFor, plain } from '../../modules/metallb/src/cli/paint.ts';
import { alignTable } from '../../modules/metallb/src/cli/table.ts';
import { nearestWord, suggestion } from '../../modules/metallb/src/settings/nearest-word.ts';

test('columns are as wide as their widest cell, and lines have no blanks at their end', () => {
  assert.equal(
    alignTable([
      ['A', 'LONG', 'C'],
      ['abc', 'd'],
      ['', 'e', 'f'],
    ]),
    ['A    LONG  C', 'abc  d', '     e     f'],
  );
  assert.equal(alignTable([]), []);
});

test('colour takes no room', () => {
  const lines = alignTable([
    [coloured('bad', 'a'), 'x'],
    ['bcd', 'y'],
  ]);
  assert.equal(lines, ['\u001b[31ma\u001b[0m    x', 'bcd  y']);
});

test('colour is for terminals, unless NO_COLOR says no', () => {
  assert.is(paintFor(true, {}), coloured);
  assert.is(paintFor(true, { NO_COLOR: '' }), coloured);
  assert.is(paintFor(true, { NO_COLOR: '1' }), plain);
  assert.is(paintFor(false, {}), plain);
});

const VERBS = ['status', 'dns', 'decode', 'demo'];
for (const [word, nearest] of [
  ['statsu', 'status'],
  ['stat', 'status'],
  ['dsn', 'dns'],
  ['decoed', 'decode'],
  ['dmeo', 'demo'],
  ['kubectl', undefined],
  ['xy', undefined],
] as const) {
  test(`next to ${word} is ${nearest ?? 'nothing'}`, () => {
    assert.is(nearestWord(word, VERBS), nearest);
  });
}

test('a suggestion is the end of a sentence', () => {
  assert.is(suggestion('dsn', VERBS), '; did you mean dns?');
  assert.is(suggestion('kubectl', VERBS), '');
});

for (const [seconds, age] of [
  [-5, '0 s'],
  [0.4, '0 s'],
  [119, '119 s'],
  [120, '2 min'],
  [7_199, '119 min'],
  [7_200, '2 h'],
  [86_400, '24 h'],
  [200_000, '2 d'],
] as const) {
  test(`${seconds} s read ${age}`, () => {
    assert.is(formatAge(seconds * 1_000), age);
  });
}

test.run();
