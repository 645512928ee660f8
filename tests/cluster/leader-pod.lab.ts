import * as assert from 'uvu/assert';
import { delay, until } from '../../lab/exec.ts';
import { assertAnswers, assignedIps, settled } from '../../lab/health.ts';
import { objectPath } from '../../lab/kubernetes/kinds.ts';
import { RELEASE_NAMESPACE } from '../../lab/kubernetes/release.ts';
import type { Lab } from '../../lab/lab.ts';
import { signal } from '../../lab/processes.ts';
import type { Program } from '../../lab/program.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices, STANDARD_SERVICES } from '../../lab/standard.ts';
import { observe } from '../../lab/trial.ts';
import { serviceManifest } from '../../lab/workload.ts';
import { RELEASE_LAB } from '../journeys/release-lab.ts';

const TAKEOVER_MS = 5_000;
/** Much longer than a Lease is valid, and shorter than it takes a liveness probe to condemn somebody. */
const STOPPED_MS = 10_000;
/** The API server may ask the stopped replica's webhook, for the five seconds that it may take. */
const MEANWHILE = { ...STANDARD_SERVICES[0], name: 'meanwhile', count: 1 };

export const scenarios: readonly Scenario[] = [
  scenario(
    'controller/pod-that-leads-is-stopped',
    { lab: RELEASE_LAB, stores: ['kubernetes'], timed: true, isLong: true },
    async (lab) => {
      const before = await freshServices(lab);
      const leader = await holder(lab);
      const observation = await observe(lab, { intervalMs: 5 });
      const pids = controllerOf(lab, leader).pids();
      for (const pid of pids) signal(pid, 'SIGSTOP');
      const stopped = delay(STOPPED_MS);
      await until({ what: `${leader} lost its Lease`, deadlineMs: TAKEOVER_MS }, async () => {
        return ![leader, ''].includes(await holder(lab));
      });
      const heir = await holder(lab);
      await lab.cluster.apply(serviceManifest(MEANWHILE));
      await assignedIps(lab, MEANWHILE.name, 1);
      await stopped;
      for (const pid of pids) signal(pid, 'SIGCONT');
      await delay(TAKEOVER_MS);
      assert.is(await holder(lab), heir, 'whoever was stopped stands by');
      for (const { ip, lost, sent } of (await observation.end()).outcomes) {
        assert.is(lost, 0, `${ip} lost ${lost} of ${sent}`);
      }
      await settled(lab);
      await assertAnswers(lab, before);
      return undefined;
    },
  ),
];

/** Who holds the Lease: the name of a Pod, and what tells one of its runs from the next. */
async function holder(lab: Lab): Promise<string> {
  const path = objectPath('Lease', 'metallb-controller', RELEASE_NAMESPACE);
  const { spec } = (await lab.kubernetes.api.get(path)) as { spec: { holderIdentity?: string } };
  return spec.holderIdentity ?? '';
}

function controllerOf(lab: Lab, identity: string): Program {
  const [pod] = identity.split('_');
  const found = lab.programs().find(({ name }) => name === `${pod}/controller`);
  if (found === undefined) throw new Error(`no Pod of a controller is ${identity}`);
  return found;
}
