import * as assert from 'uvu/assert';
import { delay, until } from '../../lab/exec.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import { assertAnswers, assignments, ready } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { observe } from '../../lab/trial.ts';
import { setWallClock } from '../../lab/wall-clock.ts';

/** Clocks that jump, processes that are stopped, and processors that are taken away. */
const LOOK_MS = 1_000;
const DARK_AT_MOST_MS = 500;
/** Wrong only until who announces has settled. */
const TOLD_WITHIN_MS = 8_000;

export const scenarios: readonly Scenario[] = [
  scenario(
    'hard/wall-clocks-that-jump',
    { timed: true, isLong: true, stores: ['manifests'], lab: { ownClock: ['n1', 'n2'] } },
    async (lab) => {
      const all = await freshServices(lab);
      const calm = await observe(lab);
      for (const offset of ['+1h', '-1h']) {
        await setWallClock(lab, 'n1', offset);
        await delay(LOOK_MS);
      }
      for (const one of (await calm.end()).outcomes) {
        assert.is(one.lost, 0, `${one.ip} lost ${one.lost}`);
        assert.equal(one.macs, [lab.macOf(one.preferredNode)], `who answered ${one.ip}`);
      }
      await setWallClock(lab, 'n2', '+1h');
      const observation = await observe(lab);
      await NODE_LOSS.strike(lab, 'n2');
      await observation.movedFrom(lab, 'n2');
      const { outcomes } = await observation.end();
      const samples = outcomes.filter((one) => one.preferredNode === 'n2').map((one) => one.darkMs);
      for (const ms of samples) assert.ok(ms < DARK_AT_MOST_MS, `dark for ${ms} ms`);
      await statusTells(lab, (announcer) => announcer !== 'n2');
      await NODE_LOSS.repair(lab, 'n2');
      await ready(lab, 'n2');
      await statusTells(lab, (announcer, preferred) => announcer === preferred);
      await assertAnswers(lab, all);
      return { unit: 'ms', samples };
    },
  ),
];

async function statusTells(
  lab: Lab,
  isRight: (announcer: string, preferred: string) => boolean,
): Promise<void> {
  let wrong: object[] = [];
  const what = () => `announcers in status: ${JSON.stringify(wrong)}`;
  await until({ what, deadlineMs: TOLD_WITHIN_MS, everyMs: 50 }, async () => {
    const all = await assignments(lab);
    wrong = all.filter((one) => !isRight(one.announcer ?? '', one.preferredNode));
    return wrong.length === 0;
  });
}
