import * as assert from 'uvu/assert';
import { assertAnswers, settled } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { nodeManifest } from '../../lab/workload.ts';
import { type Load, nothingLostButCut, putUnderLoad } from '../lab/load.ts';
import { journey } from './journey.ts';
import { EXAMPLE_PORT } from './release-lab.ts';

const OPTIONS = { apps: ['nginx'], timed: true, isLong: true, deadlineMs: 120_000 };

export const scenarios: readonly Scenario[] = [
  journey('node-labels', OPTIONS, (lab) => {
    const load = loadOn(lab);
    return {
      '1. Who answers now': () => load.begin(),
      '2. A node leaves the group': () => settled(lab),
      '3. It comes back': () => load.end(),
    };
  }),

  journey('node-removed', OPTIONS, (lab) => {
    const load = loadOn(lab);
    return {
      '': () => load.begin(),
      '1. Drain it': () => settled(lab),
      '2. Remove it': async () => {
        await assertAnswers(lab, await load.end());
        await lab.cluster.apply(nodeManifest('n3'));
      },
    };
  }),
];

/** Clients that use every IP from one step to another, and always find somebody. */
function loadOn(lab: Lab) {
  let load: Load | undefined;
  return {
    begin: async () => {
      await settled(lab);
      load = await putUnderLoad(lab, EXAMPLE_PORT);
    },
    end: async () => {
      const all = await settled(lab);
      assert.ok(load);
      nothingLostButCut((await load.end()).all);
      return all;
    },
  };
}
