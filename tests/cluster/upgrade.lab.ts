import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import { assertAnswers } from '../../lab/health.ts';
import { objectPath } from '../../lab/kubernetes/kinds.ts';
import { RELEASE_NAMESPACE } from '../../lab/kubernetes/release.ts';
import type { Lab } from '../../lab/lab.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { observe } from '../../lab/trial.ts';
import { RELEASE_LAB } from './release-lab.ts';

/** Other Pods of both workloads, and nothing else: their arguments change. */
const UPGRADED = { metallb: { holdDownMs: 1_000, logLevel: 'debug' } };
const ROLLED_WITHIN_MS = 120_000;

interface Workload {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly replicas?: number };
  readonly status?: Readonly<Record<string, number>>;
}

export const scenarios: readonly Scenario[] = [
  scenario(
    'journeys/rolling-upgrade-under-load',
    { lab: RELEASE_LAB, stores: ['kubernetes'], timed: true, deadlineMs: 240_000 },
    async (lab) => {
      const all = await freshServices(lab);
      const observation = await observe(lab, { intervalMs: 5 });
      await upgrade(lab, UPGRADED);
      const { outcomes } = await observation.end();
      await upgrade(lab, RELEASE_LAB.release ?? {});
      for (const one of outcomes) {
        assert.is(one.lost, 0, `${one.ip} lost ${one.lost} of ${one.sent}`);
        assert.equal(one.macs, [lab.macOf(one.preferredNode)], `who answered ${one.ip}`);
      }
      await assertAnswers(lab, all);
      return undefined;
    },
  ),
];

/** `helm upgrade`, and all that the DaemonSet's and the Deployment's controllers do after it. */
async function upgrade(lab: Lab, values: object): Promise<void> {
  const { installation, api } = lab.kubernetes;
  await installation?.release.upgrade(values);
  let seen: unknown;
  const what = () => `workloads rolled: ${JSON.stringify(seen)}`;
  await until({ what, deadlineMs: ROLLED_WITHIN_MS, everyMs: 250 }, async () => {
    const speaker = (await api.get(
      objectPath('DaemonSet', 'speaker', RELEASE_NAMESPACE),
    )) as Workload;
    const controller = (await api.get(
      objectPath('Deployment', 'controller', RELEASE_NAMESPACE),
    )) as Workload;
    seen = [speaker.status, controller.status];
    const nodes = lab.nodes.length;
    return (
      isObserved(speaker) &&
      speaker.status?.['updatedNumberScheduled'] === nodes &&
      speaker.status?.['numberAvailable'] === nodes &&
      isObserved(controller) &&
      controller.status?.['updatedReplicas'] === controller.spec.replicas &&
      controller.status?.['availableReplicas'] === controller.spec.replicas &&
      controller.status?.['replicas'] === controller.spec.replicas
    );
  });
}

function isObserved({ metadata, status }: Workload): boolean {
  return status?.['observedGeneration'] === metadata.generation;
}
