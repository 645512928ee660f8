import * as assert from 'uvu/assert';
import { settled } from '../../lab/health.ts';
import { signsWith } from '../../lab/heartbeat-keys.ts';
import { objectPath } from '../../lab/kubernetes/kinds.ts';
import { RELEASE_NAMESPACE } from '../../lab/kubernetes/release.ts';
import type { Lab } from '../../lab/lab.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { type Load, putUnderLoad, stayedPut } from '../lab/load.ts';
import { journey } from './journey.ts';
import { EXAMPLE_PORT } from './release-lab.ts';

const OPTIONS = { apps: ['nginx'], timed: true, isLong: true, deadlineMs: 180_000 };

export const scenarios: readonly Scenario[] = [
  journey('heartbeat-keys', OPTIONS, (lab) => {
    let load: Load | undefined;
    let processes: readonly number[] = [];
    const keys = new Set<string>();
    const allSignWithTheNewest = async () => {
      const newest = await newestKey(lab);
      keys.add(newest);
      for (const node of lab.nodes) await signsWith(lab, node, newest);
    };
    return {
      '': async () => {
        await settled(lab);
        await allSignWithTheNewest();
        processes = processesOf(lab);
        load = await putUnderLoad(lab, EXAMPLE_PORT);
      },
      '1. A new key': allSignWithTheNewest,
      '2. And another one': async () => {
        await allSignWithTheNewest();
        assert.is(keys.size, 3);
        assert.equal(processesOf(lab), processes, 'nothing was restarted');
        assert.ok(load);
        await stayedPut(lab, load);
      },
    };
  }),
];

/** As it stands in the Secret. */
async function newestKey(lab: Lab): Promise<string> {
  const path = objectPath('Secret', 'metallb-heartbeat', RELEASE_NAMESPACE);
  const { data } = (await lab.kubernetes.api.get(path)) as { data: { keys: string } };
  return Buffer.from(data.keys, 'base64').toString().split('\n')[0] ?? '';
}

/** Of controllers and speakers, with all that the latter run. */
function processesOf(lab: Lab): number[] {
  return lab.programs().flatMap((program) => program.pids());
}
