import * as assert from 'uvu/assert';
import { delay, until } from '../../lab/exec.ts';
import { KILL_NODE, killPart } from '../../lab/faults.ts';
import { answeredBy, ready } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { isAlive } from '../../lab/processes.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';

const ROUNDS = 2;
/** In one life of a node program: it waits longer before each further restart. */
const KILLS_PER_NODE = 2;
const HEARTBEAT_INTERVAL_MS = 100;
const ASK_EVERY_MS = 20;
/** Heartbeats go both ways again, and a spare wire has loaded. */
const SETTLED_MS = 500;

export const scenarios: readonly Scenario[] = [
  // Network rule 7; `--repeat 17` makes 200 kills.
  scenario('wire-kills/at-any-phase-nothing-moves', { timed: true }, async (lab) => {
    const samples: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await restartNodes(lab);
      samples.push(...(await killEachInTurn(lab)));
    }
    const kills = ROUNDS * KILLS_PER_NODE * lab.nodes.length;
    return { unit: 'ms', samples, counts: { kills } };
  }),
];

async function restartNodes(lab: Lab): Promise<void> {
  for (const node of lab.nodes) await KILL_NODE.strike(lab, node);
  for (const node of lab.nodes) await KILL_NODE.repair(lab, node);
  for (const node of lab.nodes) await ready(lab, node);
}

/** @returns for each IP the longest time without an answer, in ms */
async function killEachInTurn(lab: Lab): Promise<number[]> {
  const all = await freshServices(lab);
  await delay(SETTLED_MS);
  const ips = all.map((one) => one.ip);
  const watch = await lab.prober.watch(ips, ASK_EVERY_MS);
  for (let turn = 0; turn < KILLS_PER_NODE * lab.nodes.length; turn += 1) {
    const node = lab.nodes[turn % lab.nodes.length] ?? '';
    await delay(Math.random() * HEARTBEAT_INTERVAL_MS);
    const killed = lab.program(node).pidOf('wire.mjs');
    killPart(lab, node, 'wire.mjs');
    await until({ what: 'its end', deadlineMs: 1_000 }, () => !isAlive(killed));
    for (const { ip } of all.filter((one) => one.preferredNode === node)) {
      await answeredBy(lab, ip, node, 2_000);
    }
    await delay(SETTLED_MS);
  }
  const report = await watch.stop();
  for (const { ip, preferredNode } of all) {
    assert.equal(report.macsInOrder(ip), [lab.macOf(preferredNode)], `who answered ${ip}`);
  }
  return ips.map((ip) => report.unansweredMs(ip));
}
