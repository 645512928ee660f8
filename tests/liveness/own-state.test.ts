import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OwnState } from '../../modules/metallb/src/liveness/own-state.ts';

const MINUTE_MS = 60_000;
const OPTIONS = { holdDownMs: 10_000, holdDownMaxMs: 300_000, detectionMs: 300 };
const SERVED = { covered: false, served: true, unheard: false };

interface Return {
  readonly atMinutes: number;
  readonly seconds: number;
}

const COURSES: readonly (readonly [name: string, returns: readonly Return[]])[] = [
  ['once', [{ atMinutes: 0, seconds: 10 }]],
  [
    'again and again',
    [10, 20, 40, 80, 160, 300, 300].map((seconds, index) => ({ atMinutes: 9 * index, seconds })),
  ],
  [
    'after ten quiet minutes',
    [
      { atMinutes: 0, seconds: 10 },
      { atMinutes: 2, seconds: 20 },
      { atMinutes: 12, seconds: 10 },
      { atMinutes: 13, seconds: 20 },
    ],
  ],
];
for (const [name, returns] of COURSES) {
  test(`holds down for ${returns.map(({ seconds }) => seconds)} s when it returns ${name}`, () => {
    const never = { times: 0, lastAt: Number.NEGATIVE_INFINITY };
    const own = new OwnState({ ...OPTIONS, returned: never }, 0, false);
    for (const { atMinutes, seconds } of returns) {
      const now = atMinutes * MINUTE_MS;
      own.restart(now);
      assert.ok(own.step(now + 300, SERVED));
      assert.is(own.holdDown?.until, now + 300 + seconds * 1_000);
    }
  });
}

test('returns of earlier processes count', () => {
  const returned = { times: 2, lastAt: -MINUTE_MS };
  const own = new OwnState({ ...OPTIONS, returned }, 0, false);
  own.step(300, SERVED);
  assert.equal(own.holdDown, { times: 3, lastAt: 300, until: 40_300 });
  own.step(40_300, SERVED);
  assert.is(own.holdDown, undefined);
});

test.run();
