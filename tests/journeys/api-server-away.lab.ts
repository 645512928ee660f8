import * as assert from 'uvu/assert';
import { delay } from '../../lab/exec.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import { settled } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { observe } from '../../lab/trial.ts';
import { nothingLostButCut } from '../lab/load.ts';
import { journey } from './journey.ts';
import { EXAMPLE_PORT } from './release-lab.ts';

const OPTIONS = { apps: ['nginx'], timed: true, isLong: true, deadlineMs: 300_000 };
const AWAY_MS = 120_000;
const DARK_AT_MOST_MS = 1_000;
const LOST = 'n2';
const REQUESTS = { httpPort: EXAMPLE_PORT };

export const scenarios: readonly Scenario[] = [
  journey('api-server-away', OPTIONS, (lab) => ({
    '1. Before': () => settled(lab),
    '2. Two minutes without the API server': () => loseNodeMeanwhile(lab),
    '4. n2 is repaired': async () => {
      const observation = await observe(lab, REQUESTS);
      await NODE_LOSS.repair(lab, LOST);
      await settled(lab, 30_000);
      nothingLostButCut((await observation.end()).outcomes);
    },
  })),
];

/** Ends with the API server back and the node still lost. */
async function loseNodeMeanwhile(lab: Lab): Promise<void> {
  const observation = await observe(lab, REQUESTS);
  await lab.cluster.cutOff();
  await delay(AWAY_MS / 2);
  await NODE_LOSS.strike(lab, LOST);
  await observation.movedFrom(lab, LOST);
  await delay(AWAY_MS / 2);
  const { outcomes } = await observation.end();
  await lab.cluster.reconnect();
  for (const one of outcomes) {
    const own = lab.macOf(one.preferredNode);
    if (one.preferredNode === LOST) {
      assert.ok(one.darkMs < DARK_AT_MOST_MS, `${one.ip} dark for ${one.darkMs} ms`);
      assert.is(one.macs.length, 2, `${one.ip} moved once: ${one.macs}`);
    } else {
      assert.is(one.lost, 0, `${one.ip} lost requests`);
      assert.equal(one.macs, [own], `${one.ip} stayed`);
    }
  }
}
