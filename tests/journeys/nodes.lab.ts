import { assertAnswers, settled } from '../../lab/health.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { nodeManifest } from '../../lab/workload.ts';
import { type Load, nothingLostOf, putUnderLoad } from '../lab/load.ts';
import { journey } from './journey.ts';

const OPTIONS = { apps: ['nginx'], timed: true, deadlineMs: 120_000 };

export const scenarios: readonly Scenario[] = [
  journey('node-labels', OPTIONS, (lab) => {
    let load: Load | undefined;
    return {
      '1. Who answers now': async () => {
        await settled(lab);
        load = await putUnderLoad(lab);
      },
      '2. A node leaves the group': () => settled(lab),
      '3. It comes back': async () => {
        await settled(lab);
        nothingLostOf((await load?.end())?.all ?? []);
      },
    };
  }),

  journey('node-removed', { ...OPTIONS, isLong: true }, (lab) => {
    let load: Load | undefined;
    return {
      '': async () => {
        await settled(lab);
        load = await putUnderLoad(lab);
      },
      '1. Drain it': () => settled(lab),
      '2. Remove it': async () => {
        const all = await settled(lab);
        nothingLostOf((await load?.end())?.all ?? []);
        await assertAnswers(lab, all);
        await lab.cluster.apply(nodeManifest('n3'));
      },
    };
  }),
];
