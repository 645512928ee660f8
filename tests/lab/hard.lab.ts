import * as assert from 'uvu/assert';
import { delay } from '../../lab/exec.ts';
import { killPart, NODE_LOSS } from '../../lab/faults.ts';
import { ready } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { observe } from '../../lab/trial.ts';

const LOOK_MS = 3_000;
/** Its death is told by the node that hears it, and believed a detection time later. */
const PARTLY_HEARD_TAKEOVER_MS = 1_000;

/** What networks do to nodes in the worst of cases (network rules 4–6, 15, 16, 25). */
export const scenarios: readonly Scenario[] = [
  scenario('hard/two-nodes-that-do-not-hear-each-other', {}, async (lab) => {
    await freshServices(lab);
    const observation = await observe(lab);
    await cutBetween(lab, 'n1', 'n3');
    await nodeTells(lab, 'n1', 'PartlyHeard', { message: /eth0: n3 can't be heard here/ });
    await nodeTells(lab, 'n3', 'PartlyHeard', { message: /eth0: n1 can't be heard here/ });
    await delay(LOOK_MS);
    // Whoever starts anew has never heard the other one.
    await killPart(lab, 'n3', 'wire.mjs');
    await delay(LOOK_MS);
    const { outcomes } = await observation.end();
    for (const one of outcomes) {
      assert.equal(one.macs, [lab.macOf(one.preferredNode)], `who answered ${one.ip}`);
      if (one.preferredNode !== 'n3') assert.is(one.lost, 0, `${one.ip} lost ${one.lost}`);
    }
    await lab.switch.heal();
    for (const node of ['n1', 'n3']) await nodeTells(lab, node, 'PartlyHeard', { status: 'False' });
    return undefined;
  }),

  scenario('hard/death-of-a-node-that-one-of-two-hears', { timed: true }, async (lab) => {
    await freshServices(lab);
    await cutBetween(lab, 'n1', 'n3');
    await nodeTells(lab, 'n3', 'PartlyHeard');
    const observation = await observe(lab);
    await NODE_LOSS.strike(lab, 'n1');
    await observation.movedFrom(lab, 'n1', PARTLY_HEARD_TAKEOVER_MS);
    const { outcomes } = await observation.end();
    for (const one of outcomes) {
      if (one.preferredNode !== 'n1') assert.is(one.lost, 0, `${one.ip} lost ${one.lost}`);
    }
    await lab.switch.heal();
    await NODE_LOSS.repair(lab, 'n1');
    await ready(lab, 'n1');
    return undefined;
  }),
];

async function cutBetween(lab: Lab, a: string, b: string): Promise<void> {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ]) {
    await lab.switch.drop(`iifname "${from}.eth0" oifname "${to}.eth0"`);
  }
}
