import * as assert from 'uvu/assert';
import { delay } from '../../lab/exec.ts';
import { killPart, NODE_LOSS } from '../../lab/faults.ts';
import { answeredBy, ready, settled } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { type Observation, observe } from '../../lab/trial.ts';

const LOOK_MS = 3_000;
const ONE_WAY_SETTLED_MS = 3_000;
const ONE_WAY_LOOKS = 24;
/** Nobody was heard whose death could be confirmed. */
const ALONE_WITHIN_MS = 1_500;
/** Its death is told by the node that hears it, and believed a detection time later. */
const PARTLY_HEARD_TAKEOVER_MS = 1_000;

const WIRE_ALONE = { stores: ['manifests'] } as const;

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
    nothingMoved(lab, await observation.end(), { restarted: 'n3' });
    await lab.switch.heal();
    for (const node of ['n1', 'n3']) await nodeTells(lab, node, 'PartlyHeard', { status: 'False' });
    return undefined;
  }),

  scenario('hard/one-way-loss-between-two-of-three', WIRE_ALONE, async (lab) => {
    await freshServices(lab);
    const observation = await observe(lab);
    await cut(lab, 'n1', 'n3');
    // It hears the other one, and reads that it is heard by it.
    await nodeTells(lab, 'n3', 'PartlyHeard', { message: /eth0: n1 can't be heard here/ });
    await delay(LOOK_MS);
    nothingMoved(lab, await observation.end());
    return undefined;
  }),

  scenario(
    'hard/one-way-loss-between-two',
    { ...WIRE_ALONE, lab: { nodes: 2 }, isLong: true },
    async (lab) => {
      const all = await freshServices(lab);
      await cut(lab, 'n1', 'n2');
      await nodeTells(lab, 'n1', 'NotHeard');
      await delay(ONE_WAY_SETTLED_MS);
      for (let look = 0; look < ONE_WAY_LOOKS; look += 1) {
        for (const { ip } of all) {
          const macs = await lab.prober.macsOf(ip);
          assert.is(macs.length, 1, `${ip} is answered by ${macs.join(' and ') || 'nobody'}`);
        }
        await delay(500);
      }
      await NODE_LOSS.strike(lab, 'n2');
      for (const { ip } of all) await answeredBy(lab, ip, 'n1', ALONE_WITHIN_MS);
      await NODE_LOSS.repair(lab, 'n2');
      await lab.switch.heal();
      await nodeTells(lab, 'n1', 'NotHeard', { status: 'False' });
      await settled(lab);
      return undefined;
    },
  ),

  scenario(
    'hard/death-of-a-node-that-one-of-two-hears',
    { ...WIRE_ALONE, timed: 'in-part' },
    async (lab, alone) => {
      await freshServices(lab);
      // Whoever does not hear the node is the one that comes after it.
      await cutBetween(lab, 'n1', 'n2');
      await nodeTells(lab, 'n2', 'PartlyHeard');
      const { outcomes } = await alone(async () => {
        const observation = await observe(lab);
        await NODE_LOSS.strike(lab, 'n1');
        await observation.movedFrom(lab, 'n1', PARTLY_HEARD_TAKEOVER_MS);
        return observation.end();
      });
      for (const one of outcomes) {
        if (one.preferredNode !== 'n1') assert.is(one.lost, 0, `${one.ip} lost ${one.lost}`);
      }
      await lab.switch.heal();
      await NODE_LOSS.repair(lab, 'n1');
      await ready(lab, 'n1');
      return undefined;
    },
  ),
];

/** @param restarted a node whose wire was away for a moment */
function nothingMoved(
  lab: Lab,
  { outcomes }: Awaited<ReturnType<Observation['end']>>,
  { restarted = '' } = {},
): void {
  for (const one of outcomes) {
    assert.equal(one.macs, [lab.macOf(one.preferredNode)], `who answered ${one.ip}`);
    if (one.preferredNode !== restarted) assert.is(one.lost, 0, `${one.ip} lost ${one.lost}`);
  }
}

async function cutBetween(lab: Lab, a: string, b: string): Promise<void> {
  await cut(lab, a, b);
  await cut(lab, b, a);
}

/** What one node sends does not come to another one. */
async function cut(lab: Lab, from: string, to: string): Promise<void> {
  await lab.switch.drop(`iifname "${from}.eth0" oifname "${to}.eth0"`);
}
