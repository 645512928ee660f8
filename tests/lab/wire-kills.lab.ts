import * as assert from 'uvu/assert';
import { delay, until } from '../../lab/exec.ts';
import { KILL_NODE, killPart, NODE_LOSS } from '../../lab/faults.ts';
import { type Assignment, answeredBy, assignments, ready } from '../../lab/health.ts';
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
/** A store that was lost is tried again every few seconds. */
const STATUS_WITHIN_MS = 10_000;

export const scenarios: readonly Scenario[] = [
  // Network rule 7; `--repeat 17` makes 200 kills.
  scenario(
    'wire-kills/at-any-phase-nothing-moves',
    { timed: 'in-part', isLong: true },
    async (lab, alone) => {
      const samples: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        await restartNodes(lab);
        const all = await freshServices(lab);
        samples.push(...(await alone(() => killEachInTurn(lab, all))));
      }
      const kills = ROUNDS * KILLS_PER_NODE * lab.nodes.length;
      return { unit: 'ms', samples, counts: { kills } };
    },
  ),

  scenario('hard/wire-killed-before-its-takeover-was-written', {}, async (lab) => {
    const all = await freshServices(lab);
    await lab.cluster.cutOff();
    await NODE_LOSS.strike(lab, 'n1');
    const taken: { ip: string; heir: string }[] = [];
    for (const { ip } of all.filter((one) => one.preferredNode === 'n1')) {
      taken.push({ ip, heir: await heirOf(lab, ip, 'n1') });
    }
    for (const heir of new Set(taken.map((one) => one.heir))) {
      killPart(lab, heir, 'wire.mjs');
      for (const { ip } of taken.filter((one) => one.heir === heir)) {
        await answeredBy(lab, ip, heir, 2_000);
      }
    }
    await lab.cluster.reconnect();
    let told: Assignment[] = [];
    const what = () => `statuses name ${JSON.stringify(taken)}, do ${JSON.stringify(told)}`;
    await until({ what, deadlineMs: STATUS_WITHIN_MS }, async () => {
      told = await assignments(lab);
      return taken.every(({ ip, heir }) =>
        told.some((one) => one.ip === ip && one.announcer === heir),
      );
    });
    await NODE_LOSS.repair(lab, 'n1');
    await ready(lab, 'n1');
    return undefined;
  }),
];

/** Waits until another node answers for an IP. */
function heirOf(lab: Lab, ip: string, node: string): Promise<string> {
  return until({ what: `an heir for ${ip} of ${node}`, deadlineMs: 5_000 }, async () => {
    const [mac] = await lab.prober.macsOf(ip);
    return lab.nodes.find((other) => other !== node && lab.macOf(other) === mac);
  });
}

async function restartNodes(lab: Lab): Promise<void> {
  for (const node of lab.nodes) await KILL_NODE.strike(lab, node);
  for (const node of lab.nodes) await KILL_NODE.repair(lab, node);
  for (const node of lab.nodes) await ready(lab, node);
}

/** @returns for each IP the longest time without an answer, in ms */
async function killEachInTurn(lab: Lab, all: readonly Assignment[]): Promise<number[]> {
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
