import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import type { ClusterObject } from '../../lab/cluster.ts';
import { until } from '../../lab/exec.ts';
import { settled } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { signal } from '../../lab/processes.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { observe } from '../../lab/trial.ts';
import { RELEASE_LAB } from '../journeys/release-lab.ts';

const HUNG = 'n1';
/** Six probes that fail, ten seconds between two, and the grace period of a process that can't hear SIGTERM. */
const RESTARTED_WITHIN_MS = 150_000;
/** What needs no capability: one command that every runtime's default profile refuses, and one that containerd's does. */
const REFUSED = [
  ['setarch', '--addr-no-randomize', 'true'],
  ['unshare', 'true'],
];
/** SECCOMP_MODE_FILTER, proc(5). */
const FILTERED = '2';

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

  scenario(
    'kubelet/refuses-what-runtimes-refuse-by-default',
    { lab: RELEASE_LAB, stores: ['kubernetes'], isLong: true },
    async (lab) => {
      await freshServices(lab);
      const pids = lab.programs().flatMap((program) => program.pids());
      assert.ok(pids.length >= 2 + 3 * lab.nodes.length, 'controllers, and three programs a node');
      for (const pid of pids) {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        assert.is(/^Seccomp:\s+(\d)$/m.exec(status)?.[1], FILTERED, status);
      }
      const phases = await Promise.all(
        REFUSED.flatMap((command, index) =>
          (['RuntimeDefault', 'Unconfined'] as const).map(async (type) => {
            const name = `refused-${index}-${type.toLowerCase()}`;
            return [command[0], type, await phaseOf(lab, podManifest(name, command, type))];
          }),
        ),
      );
      assert.equal(phases, [
        ['setarch', 'RuntimeDefault', 'Failed'],
        ['setarch', 'Unconfined', 'Succeeded'],
        ['unshare', 'RuntimeDefault', 'Failed'],
        ['unshare', 'Unconfined', 'Succeeded'],
      ]);
      return undefined;
    },
  ),
];

function podManifest(name: string, command: readonly string[], type: string): ClusterObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { seccompProfile: { type } },
      containers: [{ name: 'main', image: 'registry.example.com/metallb/node:lab', command }],
    },
  };
}

/** How a Pod ends. */
async function phaseOf(lab: Lab, pod: ClusterObject): Promise<unknown> {
  const name = { kind: 'Pod', name: pod.metadata.name, namespace: 'default' };
  await lab.cluster.apply(pod);
  let phase: unknown;
  await until({ what: () => `${name.name} ended, not ${phase}`, deadlineMs: 30_000 }, async () => {
    phase = (await lab.cluster.read(name))?.status?.['phase'];
    return phase === 'Succeeded' || phase === 'Failed';
  });
  await lab.cluster.delete(name);
  return phase;
}
