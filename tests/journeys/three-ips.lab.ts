import * as assert from 'uvu/assert';
import { NODE_LOSS } from '../../lab/faults.ts';
import { type Assignment, assertAnswers, settled } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { playFault } from '../../lab/trial.ts';
import { journey } from './journey.ts';

const DARK_AT_MOST_MS = 1_000;

export const scenarios: readonly Scenario[] = [
  journey('three-ips', { apps: ['nginx'] }, (lab) => ({
    '3. Three IPs': async () => {
      const all = await settled(lab);
      assert.is(new Set(all.map((one) => one.preferredNode)).size, 3, 'a node for each IP');
    },
    '6. When a node fails': async () => onlyItsIpMoves(lab, 'n2', await settled(lab)),
  })),
];

async function onlyItsIpMoves(lab: Lab, node: string, all: readonly Assignment[]): Promise<void> {
  for (const one of await playFault(lab, NODE_LOSS, node)) {
    if (one.preferredNode === node) assert.ok(one.darkMs < DARK_AT_MOST_MS, `${one.ip} dark`);
    else assert.is(one.lost, 0, `${one.ip} lost packets`);
  }
  await assertAnswers(
    lab,
    all.filter((one) => one.preferredNode !== node),
  );
}
