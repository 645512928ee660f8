import * as assert from 'uvu/assert';
import { allAnswered } from '../../lab/crowd.ts';
import { ingressIps } from '../../lab/dataplane-sync.ts';
import { delay, until } from '../../lab/exec.ts';
import type { Assignment } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { IPS_OF_A_SERVICE, manyServices } from '../../lab/many-services.ts';
import { deathsSeen } from '../../lab/metrics.ts';
import { cpuSecondsOf, pssKibOf } from '../../lab/processes.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { changeServices } from '../../lab/service-changes.ts';
import { summarise } from '../../lab/statistic.ts';
import { serviceNamed } from '../../lab/workload.ts';

const SERVICES = 3_334;
const COME_WITHIN_MS = 240_000;
const ASKED_WITHIN_MS = 60_000;
const IDLE_MS = 30_000;
/** What the switch of the lab does with a frame is billed to who sent it. */
const IDLE_CPU_PERCENT = 25;
const CHANGES = { perSecond: 100, forMs: 30_000, keptMs: 20_000 } as const;
/** As many different ones are changed; all others stay. */
const CHANGING = 300;
const WATCHED = 64;
const WATCH_EVERY_MS = 250;
/** Of the prober too, which stands back for the nodes. */
const LONGEST_GAP_MS = 2_000;
/** Of the new Services, those whose IPs are asked for until they are answered. */
const EVERY_NTH = 10;
/** All programs and what changes the Services share two cores, which have no more to give. */
const NEW_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 100;

export const scenarios: readonly Scenario[] = [
  scenario(
    'hard/ten-thousand-ips-idle-and-under-changes',
    {
      ...({ timed: true, isLong: true, stores: ['manifests'] } as const),
      ...{ lab: { routesServices: false }, deadlineMs: 600_000 },
    },
    async (lab) => {
      const startedAt = performance.now();
      const all = await manyServices(lab, SERVICES, COME_WITHIN_MS);
      const comeSeconds = Math.round((performance.now() - startedAt) / 1_000);
      await allAnswered(lab, all, (one) => one.preferredNode, ASKED_WITHIN_MS);
      const diedBefore = await deathsSeen(lab);
      const idle = await cpuPercentWhile(lab, () => delay(IDLE_MS));
      const memory = pssMib(lab);
      await allAnswered(lab, all, (one) => one.preferredNode, ASKED_WITHIN_MS);
      const changed = await underChanges(lab, all);
      assert.is((await deathsSeen(lab)) - diedBefore, 0, 'nodes found dead');
      for (const [name, percent] of Object.entries(idle)) {
        assert.ok(percent < IDLE_CPU_PERCENT, `idle, ${name} took ${percent} % of a core`);
      }
      const { samples, ...measured } = changed;
      const counts = { ...named('idle', idle), ...named('MiB', memory), comeSeconds, ...measured };
      return { unit: 'ms', samples, counts };
    },
  ),
];

/** IPs of Services that nobody changes neither move nor go unanswered, and new ones are answered soon. */
async function underChanges(lab: Lab, all: readonly Assignment[]) {
  const staying = all.filter(({ service }) => Number(service.slice('many-'.length)) >= CHANGING);
  const watched = staying.filter((_, index) => index % Math.floor(staying.length / WATCHED) === 0);
  const changing = Array.from({ length: CHANGING }, (_, index) => index);
  const watch = await lab.prober.watch(
    watched.map(({ ip }) => ip),
    WATCH_EVERY_MS,
  );
  const answered: Promise<number>[] = [];
  const onCreated = (name: string) => {
    if (Number(name.slice('new-'.length)) % EVERY_NTH !== 0) return;
    const one = tillAnswered(lab, name);
    one.catch(() => {}); // awaited below, once all changes are made
    answered.push(one);
  };
  let perSecond = 0;
  const cpu = await cpuPercentWhile(lab, async () => {
    perSecond = Math.round(await changeServices(lab, { ...CHANGES, changing, onCreated }));
  });
  const samples = await Promise.all(answered);
  const answers = await watch.stop();
  const gaps = watched.map(({ ip }) => Math.round(answers.unansweredMs(ip)));
  for (const { ip, preferredNode } of watched) {
    assert.equal(answers.macsInOrder(ip), [lab.macOf(preferredNode)], `who answered ${ip}`);
  }
  assert.ok(Math.max(...gaps) < LONGEST_GAP_MS, `unanswered for ${Math.max(...gaps)} ms`);
  const { p90 } = summarise(samples);
  assert.ok(p90 < NEW_WITHIN_MS, `new IPs answered after ${p90} ms`);
  await allAnswered(lab, staying, (one) => one.preferredNode, ASKED_WITHIN_MS);
  return { samples, ...named('changing', cpu), perSecond, longestGapMs: Math.max(...gaps) };
}

/** From a Service's creation until one node answers for each of its IPs. */
async function tillAnswered(lab: Lab, name: string): Promise<number> {
  const startedAt = performance.now();
  const waiting = { deadlineMs: 2 * NEW_WITHIN_MS, everyMs: LOOK_EVERY_MS };
  const ips = await until({ what: `IPs of ${name}`, ...waiting }, async () => {
    const found = ingressIps(await lab.cluster.read(serviceNamed(name)));
    return found.length === IPS_OF_A_SERVICE && found;
  });
  for (const ip of ips) {
    const what = `one answer for ${ip} of ${name}`;
    await until({ what, ...waiting }, async () => (await lab.prober.macsOf(ip)).length === 1);
  }
  return Math.round(performance.now() - startedAt);
}

type ByProgram = Readonly<Record<'wire' | 'speaker' | 'controller', number>>;

function pidsOf(lab: Lab): Record<keyof ByProgram, number[]> {
  const parts = (file: string) => lab.nodes.map((node) => lab.program(node).pidOf(file));
  return {
    wire: parts('wire.mjs'),
    speaker: parts('speaker.mjs'),
    controller: [lab.controller.pid],
  };
}

/** Of a core, of the node that took most. */
async function cpuPercentWhile(lab: Lab, happening: () => Promise<void>): Promise<ByProgram> {
  const pids = pidsOf(lab);
  const cpuBefore = new Map(
    Object.values(pids)
      .flat()
      .map((pid) => [pid, cpuSecondsOf(pid)]),
  );
  const startedAt = performance.now();
  await happening();
  const seconds = (performance.now() - startedAt) / 1_000;
  const percent = (pid: number) =>
    (100 * (cpuSecondsOf(pid) - (cpuBefore.get(pid) ?? 0))) / seconds;
  return mostOf(pids, percent);
}

function pssMib(lab: Lab): ByProgram {
  return mostOf(pidsOf(lab), (pid) => pssKibOf(pid) / 1_024);
}

function mostOf(pids: Record<keyof ByProgram, number[]>, of: (pid: number) => number): ByProgram {
  const most = (some: readonly number[]) => Math.round(10 * Math.max(...some.map(of))) / 10;
  return { wire: most(pids.wire), speaker: most(pids.speaker), controller: most(pids.controller) };
}

function named(what: string, figures: ByProgram): Record<string, number> {
  const entries = Object.entries(figures);
  return Object.fromEntries(entries.map(([program, value]) => [`${what} ${program}`, value]));
}
