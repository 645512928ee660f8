import * as assert from 'uvu/assert';
import type { Chorus, ChorusReport } from '../../lab/chorus.ts';
import { delay, until } from '../../lab/exec.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import { type Assignment, ready } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { deathsSeen, metricOf } from '../../lab/metrics.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import type { AnswerWatch } from '../../lab/prober.ts';
import { cpuSecondsOf } from '../../lab/processes.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { observe } from '../../lab/trial.ts';

/** Three nodes that run the programs, and 27 for which one host speaks with the same liveness, codec and key. */
const VOICES = 27;
const NODES = VOICES + 3;
const HOST = 'client2';
const HEARD_WITHIN_MS = 10_000;
const QUIET_MS = 60_000;
const SELDOM_MS = 500;
/** What a segment carries at most. */
const HEARTBEATS_PER_SECOND = 300;
/** Nodes speak up to a tenth early, so as not to speak together. */
const EARLY = 1.1;
const CPU_PERCENT = 15;
/** Three intervals of 100 ms after its last word, and what a machine of two cores is late. */
const BURIED_WITHIN_MS = 500;
const LOOK_MS = 2_000;
const TAKEN_WITHIN_MS = 1_000;
const FILTERED_MS = 10_000;
const HEARTBEATS_OF_N1 = 'iifname "n1.eth0" ether daddr 33:33:00:00:00:01 udp dport 1-65535';

const LONG = {
  ...({ timed: true, isLong: true, stores: ['manifests'] } as const),
  deadlineMs: 180_000,
};

export const scenarios: readonly Scenario[] = [
  scenario('hard/thirty-nodes-on-a-segment', LONG, async (lab) => {
    const { chorus, all } = await thirtyNodes(lab);
    const counts = await nobodyDiesInAQuietMinute(lab, chorus, all);
    const buriedAfterMs = await oneVoiceFallsSilent(lab, chorus, all);
    const samples = await aNodeDies(lab, chorus);
    return { unit: 'ms', samples, counts: { ...counts, buriedAfterMs } };
  }),

  scenario('hard/thirty-nodes-and-heartbeats-of-one-filtered', LONG, async (lab) => {
    const { chorus, all } = await thirtyNodes(lab);
    const watch = await lab.prober.watch(all.map(({ ip }) => ip));
    await lab.switch.drop(HEARTBEATS_OF_N1);
    for (const node of ['n2', 'n3']) {
      await nodeTells(lab, node, 'HeartbeatsLost', { message: /n1/ });
    }
    const wire = lab.program('n1').pidOf('wire.mjs');
    const before = cpuSecondsOf(wire);
    await delay(FILTERED_MS);
    const cpuPercent = (100_000 * (cpuSecondsOf(wire) - before)) / FILTERED_MS;
    assert.equal((await reportOf(chorus)).burials, []);
    await stayed(lab, watch, all);
    await lab.switch.heal();
    await everybodyCounts(lab, chorus, NODES - 1);
    return { unit: '%', samples: [cpuPercent] };
  }),
];

async function thirtyNodes(lab: Lab): Promise<{ chorus: Chorus; all: readonly Assignment[] }> {
  const chorus = await lab.chorusOn(HOST, VOICES);
  const all = await freshServices(lab);
  const ipsOf = (node: string) =>
    all.filter(({ preferredNode }) => preferredNode === node).map(({ ip }) => ip);
  await chorus.learnAnnouncers(Object.fromEntries(lab.nodes.map((node) => [node, ipsOf(node)])));
  await everybodyCounts(lab, chorus, NODES - 1);
  await reportOf(chorus);
  return { chorus, all };
}

/** Waits until each node, real or not, hears this many others that hear it. */
async function everybodyCounts(lab: Lab, chorus: Chorus, others: number): Promise<void> {
  let counts: number[] = [];
  let stoodStillMs = 0;
  const what = () =>
    `${others} counted by everybody, are ${counts}; the chorus stood still for up to ${stoodStillMs} ms`;
  await until({ what, deadlineMs: HEARD_WITHIN_MS, everyMs: 200 }, async () => {
    const report = await chorus.report();
    const { fewest, most } = report.counted;
    stoodStillMs = Math.max(stoodStillMs, report.stoodStillMs);
    counts = [fewest, most, ...(await Promise.all(lab.nodes.map((node) => peersUp(lab, node))))];
    return counts.every((count) => count === others);
  });
}

function peersUp(lab: Lab, node: string): Promise<number> {
  return metricOf(lab, node, 'metallb_wire_peer_up', { interface: 'eth0' });
}

/** @throws where the machine did not let it speak: that its nodes were buried then says nothing of the programs */
async function reportOf(chorus: Chorus): Promise<ChorusReport> {
  const report = await chorus.report();
  assert.ok(report.stoodStillMs < 150, `the chorus stood still for ${report.stoodStillMs} ms`);
  return report;
}

/** @returns what it costs */
async function nobodyDiesInAQuietMinute(lab: Lab, chorus: Chorus, all: readonly Assignment[]) {
  const wires = lab.nodes.map((node) => lab.program(node).pidOf('wire.mjs'));
  const watch = await lab.prober.watch(
    all.map(({ ip }) => ip),
    SELDOM_MS,
  );
  const diedBefore = await deathsSeen(lab);
  await reportOf(chorus);
  const cpuBefore = wires.map(cpuSecondsOf);
  const startedAt = performance.now();
  await delay(QUIET_MS);
  const seconds = (performance.now() - startedAt) / 1_000;
  const shares = wires.map((pid, index) => (cpuSecondsOf(pid) - (cpuBefore[index] ?? 0)) / seconds);
  const { burials, heartbeats, longestBytes, stoodStillMs } = await reportOf(chorus);
  const cpuPercent = Math.round(1_000 * Math.max(...shares)) / 10;
  const perSecond = Math.round(heartbeats / seconds);
  assert.equal(burials, []);
  assert.is((await deathsSeen(lab)) - diedBefore, 0, 'nodes found dead');
  await everybodyCounts(lab, chorus, NODES - 1);
  await stayed(lab, watch, all);
  assert.ok(perSecond <= HEARTBEATS_PER_SECOND * EARLY, `${perSecond} heartbeats a second`);
  assert.ok(cpuPercent < CPU_PERCENT, `a wire took ${cpuPercent} % of a core`);
  return { perSecond, cpuPercent, longestBytes, stoodStillMs: Math.round(stoodStillMs) };
}

/** One answer to each question, and always from the same node. */
async function stayed(lab: Lab, watch: AnswerWatch, all: readonly Assignment[]): Promise<void> {
  const answers = await watch.stop();
  for (const { ip, preferredNode } of all) {
    assert.equal(answers.macsInOrder(ip), [lab.macOf(preferredNode)], `who answered ${ip}`);
  }
}

/** @returns when the last of the others had noticed */
async function oneVoiceFallsSilent(
  lab: Lab,
  chorus: Chorus,
  all: readonly Assignment[],
): Promise<number> {
  const [voice = ''] = chorus.nodes;
  const watch = await lab.prober.watch(all.map(({ ip }) => ip));
  const diedBefore = await deathsSeen(lab);
  await reportOf(chorus);
  await chorus.silence(voice);
  await delay(LOOK_MS);
  const { burials } = await reportOf(chorus);
  assert.equal([...new Set(burials.map(({ node }) => node))], [voice]);
  const by = new Set(burials.map((one) => one.by));
  assert.is(by.size, NODES - 1, `buried by ${[...by]}`);
  const times = burials.map(({ afterMs }) => afterMs);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  assert.ok(first >= 300 && last < BURIED_WITHIN_MS, `buried after ${first} to ${last} ms`);
  assert.is((await deathsSeen(lab)) - diedBefore, lab.nodes.length, 'burials by real nodes');
  await stayed(lab, watch, all);
  await chorus.speak(voice);
  await everybodyCounts(lab, chorus, NODES - 1);
  return Math.round(last);
}

/** @returns for how long clients of its IPs were in the dark */
async function aNodeDies(lab: Lab, chorus: Chorus): Promise<number[]> {
  const survivors = ['n2', 'n3'];
  const diedBefore = await deathsSeen(lab, survivors);
  const observation = await observe(lab);
  await reportOf(chorus);
  await NODE_LOSS.strike(lab, 'n1');
  await observation.movedFrom(lab, 'n1');
  const { outcomes } = await observation.end();
  const { burials } = await reportOf(chorus);
  assert.equal([...new Set(burials.map(({ node }) => node))], ['n1']);
  assert.is(burials.length, VOICES);
  await delay(LOOK_MS);
  assert.is(
    (await deathsSeen(lab, survivors)) - diedBefore,
    survivors.length,
    'burials by real nodes',
  );
  for (const { ip, preferredNode, lost, macs } of outcomes) {
    if (preferredNode === 'n1') continue;
    assert.equal(macs, [lab.macOf(preferredNode)], `who answered ${ip}`);
    assert.is(lost, 0, `${ip} lost ${lost}`);
  }
  await NODE_LOSS.repair(lab, 'n1');
  await ready(lab, 'n1');
  await everybodyCounts(lab, chorus, NODES - 1);
  const moved = outcomes.filter(({ preferredNode }) => preferredNode === 'n1');
  for (const { ip, darkMs, unansweredMs } of moved) {
    const ms = Math.max(darkMs, unansweredMs);
    assert.ok(ms < TAKEN_WITHIN_MS, `${ip} dark for ${ms} ms`);
  }
  return moved.map(({ darkMs }) => darkMs);
}
