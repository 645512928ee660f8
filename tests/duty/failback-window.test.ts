import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Failback } from '../../modules/metallb/src/api/failback.ts';
import { failbackAt, nextFailbackEdge } from '../../modules/metallb/src/duty/failback-window.ts';

const night: Failback = { mode: 'window', startMinute: 22 * 60, endMinute: 4 * 60 };
const noon: Failback = { mode: 'window', startMinute: 12 * 60, endMinute: 13 * 60 };
const at = (time: string) => Date.parse(`2026-05-01T${time}Z`);

const rows: [string, Failback, string, 'allowed' | 'withheld'][] = [
  ['auto allows it at any time', { mode: 'auto' }, '12:00:00', 'allowed'],
  ['never withholds it at any time', { mode: 'never' }, '12:00:00', 'withheld'],
  ['a window withholds it before its start', noon, '11:59:59', 'withheld'],
  ['a window allows it from its start', noon, '12:00:00', 'allowed'],
  ['a window allows it to its last second', noon, '12:59:59', 'allowed'],
  ['a window withholds it from its end', noon, '13:00:00', 'withheld'],
  ['a window over midnight allows it before midnight', night, '23:00:00', 'allowed'],
  ['a window over midnight allows it after midnight', night, '03:59:59', 'allowed'],
  ['a window over midnight withholds it by day', night, '04:00:00', 'withheld'],
];
for (const [name, failback, time, expected] of rows) {
  test(name, () => assert.is(failbackAt(failback, at(time)), expected));
}

test('auto and never have no edges', () => {
  assert.is(nextFailbackEdge({ mode: 'auto' }, at('12:00:00')), undefined);
  assert.is(nextFailbackEdge({ mode: 'never' }, at('12:00:00')), undefined);
});

test('the next edge of a window over midnight is its start by day, its end by night', () => {
  assert.is(nextFailbackEdge(night, at('12:00:00')), at('22:00:00'));
  assert.is(nextFailbackEdge(night, at('22:00:00')), at('04:00:00') + 86_400_000);
  assert.is(nextFailbackEdge(night, at('03:00:00')), at('04:00:00'));
});

test('nothing changes before the edge, and at the edge it does', () => {
  const minute = fc.integer({ min: 0, max: 1_439 });
  fc.assert(
    fc.property(minute, minute, fc.nat({ max: 86_400_000 }), (startMinute, endMinute, offset) => {
      fc.pre(startMinute !== endMinute);
      const failback: Failback = { mode: 'window', startMinute, endMinute };
      const now = at('00:00:00') + offset;
      const edge = nextFailbackEdge(failback, now) ?? 0;
      assert.ok(edge > now);
      assert.is(failbackAt(failback, edge - 1), failbackAt(failback, now));
      assert.is.not(failbackAt(failback, edge), failbackAt(failback, now));
    }),
  );
});

test.run();
