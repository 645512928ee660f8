import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  absentAs,
  both,
  type Field,
  fields,
  integer,
  listOf,
  mapOf,
  oneOf,
  optional,
  text,
} from '../../modules/metallb/src/api/fields.ts';
import { parsedValue, problemsOf } from '../support/parsed.ts';

const ROOT = { object: 'Thing/t', field: '' };

const rows: [name: string, field: Field<unknown>, value: unknown, read: unknown][] = [
  ['optional: null is absent', optional(text), null, undefined],
  ['a default stands in for nothing', absentAs('a', text), undefined, 'a'],
  ['a default stands in for null', absentAs('a', text), null, 'a'],
  ['a default leaves what is written', absentAs('a', text), '', ''],
  ['unknown members are ignored', fields({ a: text }), { a: 'x', b: 1 }, { a: 'x' }],
  ['absent members may be left out', fields({}, { a: text }), { a: null }, {}],
  ['a map may have any names', mapOf(text), { 'a.b/c': 'x' }, { 'a.b/c': 'x' }],
  ['one value in two forms', both(text, oneOf('x')), 'x', ['x', 'x']],
];
for (const [name, field, value, read] of rows) {
  test(name, () => assert.equal(parsedValue(field(value, ROOT)), read));
}

const wrong: [name: string, field: Field<unknown>, value: unknown, problems: readonly string[]][] =
  [
    [
      'paths lead through members, items and bracketed names',
      fields({ a: listOf(fields({ b: mapOf(integer(1, 2)) })) }),
      { a: [{ b: {} }, { b: { 'x/y': 3 } }] },
      ['Thing/t: a[1].b[x/y] is 3: expected an integer from 1 to 2'],
    ],
    [
      'an optional field that is there must be right',
      fields({}, { a: text }),
      { a: 1 },
      ['Thing/t: a is 1: expected a string'],
    ],
    [
      'what two readers complain about is told once',
      both(fields({ a: text, b: text }), fields({ b: oneOf('x'), c: text })),
      {},
      [
        'Thing/t: a is missing: expected a string',
        'Thing/t: b is missing: expected a string',
        'Thing/t: c is missing: expected a string',
      ],
    ],
    [
      'a number with a fraction is no integer',
      integer(0, 9),
      1.5,
      ['Thing/t: (whole object) is 1.5: expected an integer from 0 to 9'],
    ],
    [
      'an array is no object',
      fields({}),
      [],
      ['Thing/t: (whole object) is []: expected an object'],
    ],
  ];
for (const [name, field, value, problems] of wrong) {
  test(name, () => assert.equal(problemsOf(field(value, ROOT)), problems));
}

test.run();
