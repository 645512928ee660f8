import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import { CABLE_OUT, type Fault, NODE_LOSS } from '../../lab/faults.ts';
import { type Assignment, assertAnswers } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';

/** What comes and goes is waited for longer each time. */
const FLAPPER = 'n1';
const HOLD_DOWN_MS = 1_200;
const MOST_MS = 3_600;
/** What is written of a hold-down, and of its end, may come that much later. */
const TOLD_WITHIN_MS = 1_200;
const FLAPS: readonly { fault: Fault; told: RegExp; holdDownMs: number }[] = [
  { fault: NODE_LOSS, told: /was away and came back: .* until .*Z/, holdDownMs: HOLD_DOWN_MS },
  { fault: NODE_LOSS, told: /came back for the 2nd time within 10 min/, holdDownMs: 2_400 },
  { fault: CABLE_OUT, told: /came back for the 3rd time within 10 min/, holdDownMs: MOST_MS },
];

export const scenarios: readonly Scenario[] = [
  scenario(
    'hard/a-node-and-a-link-that-flap',
    {
      ...{ stores: ['manifests'], isLong: true },
      lab: { nodeFlags: [`--hold-down-ms=${HOLD_DOWN_MS}`, `--hold-down-max-ms=${MOST_MS}`] },
    },
    async (lab) => {
      const all = await freshServices(lab);
      const samples: number[] = [];
      for (const { fault, told, holdDownMs } of FLAPS) {
        await fault.strike(lab, FLAPPER);
        await takenFromFlapper(lab, all);
        await fault.repair(lab, FLAPPER);
        await nodeTells(lab, FLAPPER, 'HoldingDown', { message: told });
        const from = performance.now();
        await takenFromFlapper(lab, all);
        await nodeTells(lab, FLAPPER, 'HoldingDown', { status: 'False' });
        const heldMs = performance.now() - from;
        assert.ok(Math.abs(heldMs - holdDownMs) < TOLD_WITHIN_MS, `${heldMs} of ${holdDownMs} ms`);
        samples.push(heldMs);
      }
      await assertAnswers(
        lab,
        all.filter((one) => one.preferredNode !== FLAPPER),
      );
      return { unit: 'ms', samples };
    },
  ),
];

/** Each IP of the flapping node has one answer, by another node. */
async function takenFromFlapper(lab: Lab, all: readonly Assignment[]): Promise<void> {
  for (const { ip } of all.filter((one) => one.preferredNode === FLAPPER)) {
    await until({ what: `${ip} taken from ${FLAPPER}`, deadlineMs: 3_000 }, async () => {
      const macs = await lab.prober.macsOf(ip);
      return macs.length === 1 && macs[0] !== lab.macOf(FLAPPER);
    });
  }
}
