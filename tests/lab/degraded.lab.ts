import * as assert from 'uvu/assert';
import { delay } from '../../lab/exec.ts';
import { assignedIps } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices, STANDARD_SERVICES } from '../../lab/standard.ts';
import { observe } from '../../lab/trial.ts';
import { serviceManifest } from '../../lab/workload.ts';

const WITHOUT_STORE_MS = 5_000;
const WITHOUT_CONTROLLER_MS = 30_000;

export const scenarios: readonly Scenario[] = [
  scenario('degraded/management-network-and-store-gone', { inEachShortRun: true }, async (lab) => {
    await freshServices(lab);
    await nothingChangesWhile(lab, async () => {
      await lab.switch.cutSegment('management');
      await lab.cluster.cutOff();
      await lab.controller.killTree();
      await delay(WITHOUT_STORE_MS);
    });
    return undefined;
  }),

  scenario(
    'degraded/controller-down-for-30-s',
    { deadlineMs: 90_000, isLong: true },
    async (lab) => {
      await freshServices(lab);
      await nothingChangesWhile(lab, async () => {
        await lab.controller.killTree();
        const later = STANDARD_SERVICES.map((one) => ({
          ...one,
          name: `later-${one.name}`,
          count: 1,
        }));
        await lab.cluster.apply(...later.map(serviceManifest));
        await delay(WITHOUT_CONTROLLER_MS);
        lab.controller.start();
        for (const { name } of later) await assignedIps(lab, name, 1);
      });
      return undefined;
    },
  ),
];

/** All IPs stay answered by their nodes, no probe is lost. */
async function nothingChangesWhile(lab: Lab, happening: () => Promise<void>): Promise<void> {
  const observation = await observe(lab);
  await happening();
  const { outcomes } = await observation.end();
  for (const one of outcomes) {
    assert.is(one.lost, 0, `${one.ip} lost ${one.lost} of ${one.sent}`);
    assert.equal(one.macs, [lab.macOf(one.preferredNode)], `who answered ${one.ip}`);
  }
}
