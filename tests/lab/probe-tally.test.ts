import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ANSWER_WITHIN_MS, ProbeTally } from '../../lab/agents/probe-tally.ts';

const EVERY_MS = 10;

interface Step {
  /** Of the probe that is sent 10 ms after the one before. */
  readonly fate?: 'answered' | 'failed' | 'waits';
  readonly opened?: boolean;
}

function tallyOf(steps: readonly Step[], keepOrder: boolean) {
  let now = 1_000;
  const tally = new ProbeTally('192.0.2.10', keepOrder, () => now);
  for (const { fate = 'answered', opened = false } of steps) {
    const number = tally.begin();
    if (opened) tally.opened(number);
    if (fate !== 'waits') tally.ended(number, fate);
    now += EVERY_MS;
  }
  const wait = (ms: number) => {
    now += ms;
  };
  return { tally, wait };
}

const ANSWERED: Step = {};
const WAITS: Step = { fate: 'waits' };
const CUT: Step = { fate: 'failed', opened: true };
const REFUSED: Step = { fate: 'failed' };

const CASES: [string, readonly Step[], boolean, object][] = [
  ['answered', [ANSWERED, ANSWERED], true, { sent: 2, lost: 0, cut: 0, darkMs: 0 }],
  ['under way: not judged', [ANSWERED, WAITS], true, { sent: 1, lost: 0 }],
  ['overtaken packets are lost', [ANSWERED, WAITS, WAITS, ANSWERED], true, { lost: 2, darkMs: 30 }],
  ['overtaken requests are under way', [ANSWERED, WAITS, ANSWERED], false, { sent: 2, lost: 0 }],
  ['refused', [ANSWERED, REFUSED, ANSWERED], false, { sent: 3, lost: 1, cut: 0, darkMs: 20 }],
  ['cut', [ANSWERED, CUT, ANSWERED], false, { sent: 3, lost: 1, cut: 1, darkMs: 20 }],
  ['dark until now', [ANSWERED, REFUSED], false, { lost: 1, darkMs: 20 }],
];
for (const [name, steps, keepOrder, expected] of CASES) {
  test(`probes: ${name}`, () => {
    const report: Record<string, unknown> = tallyOf(steps, keepOrder).tally.report();
    const seen = Object.keys(expected).map((key) => [key, report[key]]);
    assert.equal(Object.fromEntries(seen), expected);
  });
}

test('a probe that waits too long is lost, also when its answer comes later', () => {
  const { tally, wait } = tallyOf([ANSWERED, WAITS], false);
  assert.is(tally.waits, true);
  wait(ANSWER_WITHIN_MS);
  assert.is(tally.waits, false);
  assert.is(tally.report().lost, 1);
  tally.ended(1, 'answered');
  assert.is(tally.report().lost, 1);
});

test('after a reset nothing counts of what was sent before', () => {
  const { tally } = tallyOf([REFUSED, WAITS], false);
  tally.reset();
  const number = tally.begin();
  tally.ended(1, 'failed');
  tally.ended(number, 'answered');
  const { sent, lost } = tally.report();
  assert.equal([sent, lost], [1, 0]);
});

test.run();
