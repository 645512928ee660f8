import * as assert from 'uvu/assert';
import { delay } from '../../lab/exec.ts';
import { CABLE_OUT } from '../../lab/faults.ts';
import { answeredBy, settled } from '../../lab/health.ts';
import { giveKeys, newKey, signsWith } from '../../lab/heartbeat-keys.ts';
import type { Lab } from '../../lab/lab.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { observe } from '../../lab/trial.ts';

/** Two looks at the file, and a few heartbeats. */
const READ_AND_USED_MS = 1_500;

/** Network rule 15: heartbeat keys change under traffic, whoever is left behind. */
const LONG = { stores: ['manifests'], isLong: true } as const;

export const scenarios: readonly Scenario[] = [
  scenario('hard/keys-rotate-twice-while-a-node-has-the-old-file', LONG, async (lab) => {
    const [old, next, last] = [newKey(), newKey(), newKey()];
    await freshServices(lab);
    const observation = await observe(lab);
    // Another file altogether, to one node after the other.
    for (const node of lab.nodes) {
      await giveKeys(lab, node, [old]);
      await delay(READ_AND_USED_MS);
    }
    for (const keys of [
      [next, old],
      [last, next, old],
    ]) {
      for (const node of ['n1', 'n2']) await giveKeys(lab, node, keys);
      await delay(READ_AND_USED_MS);
      for (const node of lab.nodes) await signsWith(lab, node, old);
    }
    await giveKeys(lab, 'n3', [last, next, old]);
    for (const node of lab.nodes) await signsWith(lab, node, last);
    for (const node of lab.nodes) await giveKeys(lab, node, [last]);
    await delay(READ_AND_USED_MS);
    const { outcomes } = await observation.end();
    for (const one of outcomes) {
      assert.equal(one.macs, [lab.macOf(one.preferredNode)], `who answered ${one.ip}`);
      assert.is(one.lost, 0, `${one.ip} lost ${one.lost} of ${one.sent}`);
    }
    return undefined;
  }),

  scenario('hard/keys-rotate-twice-while-a-node-is-cut-off', LONG, async (lab) => {
    const [old, next, last] = [newKey(), newKey(), newKey()];
    for (const node of lab.nodes) await giveKeys(lab, node, [old]);
    const all = await freshServices(lab);
    for (const node of lab.nodes) await signsWith(lab, node, old);
    await CABLE_OUT.strike(lab, 'n3');
    const others = ['n1', 'n2'];
    for (const keys of [
      [next, old],
      [last, next, old],
    ]) {
      for (const node of others) await giveKeys(lab, node, keys);
      await delay(READ_AND_USED_MS);
    }
    const observation = await observe(lab);
    await CABLE_OUT.repair(lab, 'n3');
    // It is heard with the key that it holds, and what it can't read is signed with that one again.
    for (const { ip, preferredNode } of all) await answeredBy(lab, ip, preferredNode);
    for (const node of lab.nodes) await signsWith(lab, node, old);
    await giveKeys(lab, 'n3', [last, next, old]);
    for (const node of lab.nodes) await signsWith(lab, node, last);
    await nothingLost(lab, observation);
    await settled(lab);
    return undefined;
  }),
];

/** The return of a node is a planned move. */
async function nothingLost(
  lab: Lab,
  observation: Awaited<ReturnType<typeof observe>>,
): Promise<void> {
  const { outcomes } = await observation.end();
  for (const one of outcomes) {
    assert.is(one.lost, 0, `${one.ip} lost ${one.lost} of ${one.sent}`);
    if (one.preferredNode === 'n3') continue;
    assert.equal(one.macs, [lab.macOf(one.preferredNode)], `who answered ${one.ip}`);
  }
}
