import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import { settled } from '../../lab/health.ts';
import { signal } from '../../lab/processes.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { observe } from '../../lab/trial.ts';
import { RELEASE_LAB } from '../journeys/release-lab.ts';

const HUNG = 'n1';
/** Six probes that fail, ten seconds between two, and the grace period of a process that can't hear SIGTERM. */
const RESTARTED_WITHIN_MS = 150_000;

export const scenarios: readonly Scenario[] = [
  scenario(
    'kubelet/restarts-a-node-program-that-hangs',
    { lab: RELEASE_LAB, stores: ['kubernetes'], timed: true, isLong: true, deadlineMs: 300_000 },
    async (lab) => {
      await freshServices(lab);
      const observation = await observe(lab, { intervalMs: 5 });
      const hungPid = lab.program(HUNG).pid;
      // Nobody is left to restart the wire.
      for (const pid of lab.program(HUNG).pids()) signal(pid, 'SIGSTOP');
      await observation.movedFrom(lab, HUNG);
      const what = () => `another process on ${HUNG} than ${hungPid}`;
      await until({ what, deadlineMs: RESTARTED_WITHIN_MS, everyMs: 500 }, () => {
        const { running } = lab.program(HUNG);
        return running && lab.program(HUNG).pid !== hungPid;
      });
      const condemned = lab.kubernetes.installation?.kubelets.condemned ?? [];
      assert.ok(condemned.includes(lab.program(HUNG).name), condemned.join());
      await settled(lab, 30_000);
      for (const one of (await observation.end()).outcomes) {
        assert.is(one.lost, 0, `${one.ip} lost ${one.lost} of ${one.sent}`);
      }
      return undefined;
    },
  ),
];
