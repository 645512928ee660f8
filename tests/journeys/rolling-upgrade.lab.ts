import * as assert from 'uvu/assert';
import { settled } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { type Load, putUnderLoad, stayedPut } from '../lab/load.ts';
import { journey } from './journey.ts';
import { EXAMPLE_PORT } from './release-lab.ts';

const OPTIONS = { apps: ['nginx'], timed: true, isLong: true, deadlineMs: 300_000 };

export const scenarios: readonly Scenario[] = [
  journey('rolling-upgrade', OPTIONS, (lab) => {
    let load: Load | undefined;
    let before: readonly string[] = [];
    return {
      '1. All speakers are available': async () => {
        await settled(lab);
        before = podsOf(lab);
        load = await putUnderLoad(lab, EXAMPLE_PORT);
      },
      '2. Upgrade': async () => {
        const after = podsOf(lab);
        assert.is(after.length, before.length);
        assert.equal(
          after.filter((pod) => before.includes(pod)),
          [],
          'every Pod is another',
        );
      },
      '3. And back': async () => {
        assert.ok(load);
        await stayedPut(lab, load);
      },
    };
  }),
];

function podsOf(lab: Lab): string[] {
  const kubelets = lab.kubernetes.installation?.kubelets;
  return ['speaker-', 'controller-'].flatMap((prefix) => [
    ...(kubelets?.programs(prefix).keys() ?? []),
  ]);
}
