import * as assert from 'uvu/assert';
import { eventTells } from '../../lab/events.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import { type Assignment, assertAnswers, settled } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { playFault } from '../../lab/trial.ts';
import { journey } from './journey.ts';
import { EXAMPLE_PORT } from './release-lab.ts';

const DARK_AT_MOST_MS = 1_000;

export const scenarios: readonly Scenario[] = [
  journey('three-ips', { apps: ['nginx'] }, (lab) => ({
    '3. Three IPs': async () => {
      const all = await settled(lab);
      assert.is(new Set(all.map((one) => one.preferredNode)).size, 3, 'a node for each IP');
    },
    '6. When a node fails': async () => {
      const all = await settled(lab);
      await onlyItsIpMoves(lab, 'n2', all);
      await itsMoveIsTold(lab, 'n2', all);
    },
  })),
];

async function onlyItsIpMoves(lab: Lab, node: string, all: readonly Assignment[]): Promise<void> {
  const requests = { httpPort: EXAMPLE_PORT };
  for (const one of await playFault(lab, NODE_LOSS, node, requests)) {
    if (one.preferredNode === node) assert.ok(one.darkMs < DARK_AT_MOST_MS, `${one.ip} dark`);
    else assert.is(one.lost, 0, `${one.ip} lost requests`);
  }
  await assertAnswers(
    lab,
    all.filter((one) => one.preferredNode !== node),
  );
}

/** From, to, why, and for how long nobody served it. */
async function itsMoveIsTold(lab: Lab, node: string, all: readonly Assignment[]): Promise<void> {
  for (const { ip, service } of all.filter((one) => one.preferredNode === node)) {
    const move = `${ip} moved from ${node} to n[13] on eth0`;
    const message = new RegExp(
      `${move}: the node before was not heard any more; dark for \\d+ ms$`,
    );
    await eventTells(lab, service, { reason: 'nodeAssigned', message });
  }
}
