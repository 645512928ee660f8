import * as assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { delay, until } from './exec.ts';
import { CABLE_OUT, type Fault, killPart, MOVING_FAULTS } from './faults.ts';
import { assignedIps, assignments, settled } from './health.ts';
import { type Lab, startLab } from './lab.ts';
import { withTimedRun } from './lock.ts';
import { NDPPD_IP, startNdppd } from './ndppd.ts';
import { ipv4On, ipv6On, numberOf } from './plan.ts';
import { pssKibOf } from './processes.ts';
import { replyTimes } from './reply-times.ts';
import { becomeRoot } from './root.ts';
import { freshServices, heal, STANDARD_SERVICES } from './standard.ts';
import { summarise } from './statistic.ts';
import { columns } from './story.ts';
import { observe, playFault } from './trial.ts';
import { serviceManifest } from './workload.ts';

/** Measures what design promises: many trials of each kind, one node after the other. `figures.ts [--trials N]` */
const { values } = parseArgs({
  options: { trials: { type: 'string', default: '20' }, only: { type: 'string', default: '' } },
});
const TRIALS = Number(values.trials);
const REPLIES = 1_000;
const LOOK_MS = 1_000;
/** What Services made anew may ask for, unless others have it. */
const CANDIDATES = Array.from({ length: 40 }, (_, index) => `192.0.2.${60 + index}`);
const DRAIN = 'network.deckhouse.io/drain-balancer';

/** Samples by name of the figure. */
type Samples = Readonly<Record<string, readonly number[]>>;

interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly trials: number;
  /** @param node whose turn it is */
  readonly trial: (lab: Lab, node: string, index: number) => Promise<Samples>;
}

const FIGURES: readonly Figure[] = [
  ...MOVING_FAULTS.map((fault) => ({
    name: fault.name,
    unit: 'ms',
    trials: TRIALS,
    trial: (lab: Lab, node: string) => failover(lab, node, fault),
  })),
  ...(['wire.mjs', 'speaker.mjs'] as const).map((part) => ({
    name: `kill-${part.replace('.mjs', '')}`,
    unit: 'ms',
    trials: TRIALS,
    trial: (lab: Lab, node: string) => crash(lab, node, part),
  })),
  { name: 'drain', unit: 'lost', trials: TRIALS, trial: drain },
  { name: 'failback', unit: 'lost', trials: TRIALS, trial: failback },
  { name: 'created-to-answered', unit: 'ms', trials: TRIALS, trial: createdToAnswered },
  { name: 'reply', unit: 'ms', trials: 1, trial: repliesInTurn },
  { name: 'memory', unit: 'MiB', trials: 1, trial: memory },
];

becomeRoot();
await withTimedRun(measureAll);

async function measureAll(): Promise<void> {
  const lab = await startLab();
  const rows: string[][] = [['figure', 'unit', 'n', 'min', 'p50', 'p99', 'max']];
  try {
    for (const figure of FIGURES.filter(({ name }) => name.includes(values.only))) {
      for (const [name, samples] of await measure(lab, figure)) {
        const summary = summarise(samples);
        print(JSON.stringify({ scenario: name, unit: figure.unit, ...summary }));
        rows.push([name, figure.unit, ...Object.values(summary).map(String)]);
      }
    }
  } finally {
    await lab.stop();
  }
  print('');
  for (const line of columns(rows)) print(line);
}

async function measure(lab: Lab, figure: Figure): Promise<Map<string, number[]>> {
  const all = new Map<string, number[]>();
  for (let index = 0; index < figure.trials; index += 1) {
    // New Services for each trial: the moves of an earlier one do not weigh on them.
    await heal(lab);
    await freshServices(lab);
    const node = lab.nodes[index % lab.nodes.length] ?? '';
    for (const [name, samples] of Object.entries(await figure.trial(lab, node, index))) {
      all.set(name, [...(all.get(name) ?? []), ...samples]);
    }
  }
  return all;
}

async function failover(lab: Lab, node: string, fault: Fault): Promise<Samples> {
  const outcomes = await playFault(lab, fault, node);
  await fault.repair(lab, node);
  const moved = outcomes.filter((one) => one.preferredNode === node);
  const others = outcomes.filter((one) => one.preferredNode !== node);
  return {
    [`${fault.name} dark`]: moved.map((one) => one.darkMs),
    [`${fault.name} unanswered`]: moved.map((one) => one.unansweredMs),
    [`${fault.name} lost by others`]: others.map((one) => one.lost),
  };
}

async function crash(lab: Lab, node: string, part: 'wire.mjs' | 'speaker.mjs'): Promise<Samples> {
  const observation = await observe(lab);
  killPart(lab, node, part);
  await delay(LOOK_MS);
  const { outcomes } = await observation.end();
  const own = outcomes.filter((one) => one.preferredNode === node);
  const name = `kill-${part.replace('.mjs', '')}`;
  return {
    [`${name} unanswered`]: own.map((one) => one.unansweredMs),
    [`${name} moved`]: own.map((one) => one.macs.length - 1),
  };
}

async function drain(lab: Lab, node: string): Promise<Samples> {
  const observation = await observe(lab);
  const held = await lab.hold(observation.before.map((one) => one.ip));
  const name = { kind: 'Node', name: node };
  await lab.cluster.change(name, { annotations: { [DRAIN]: 'true' } });
  await observation.movedFrom(lab, node);
  await delay(LOOK_MS);
  const { broken } = await held.report();
  const { outcomes } = await observation.end();
  await lab.cluster.change(name, { annotations: { [DRAIN]: null } });
  return { drain: outcomes.map((one) => one.lost), 'drain TCP broken of 100': [broken] };
}

async function failback(lab: Lab, node: string): Promise<Samples> {
  await playFault(lab, CABLE_OUT, node);
  const observation = await observe(lab);
  await CABLE_OUT.repair(lab, node);
  await settled(lab);
  const { outcomes } = await observation.end();
  return { failback: outcomes.map((one) => one.lost) };
}

/** From the manifest's write to the first answer on the wire for one of three IPs, and for each of them, IPv4. */
async function createdToAnswered(lab: Lab, _node: string, index: number): Promise<Samples> {
  const taken = new Set((await assignments(lab)).map(({ ip }) => ip));
  const free = CANDIDATES.filter((ip) => !taken.has(ip));
  const ips = [0, 1, 2].map((offset) => free[(3 * index + offset) % free.length] ?? '');
  for (const ip of ips)
    assert.deepEqual(await lab.prober.macsOf(ip), [], `${ip} is answered before`);
  const watch = await lab.prober.watch(ips, 2);
  const createdAtMs = watch.nowMs();
  const annotations = { 'network.deckhouse.io/load-balancer-ips': ips.join(',') };
  const [{ className, family }] = STANDARD_SERVICES;
  await lab.cluster.apply(serviceManifest({ name: 'fresh', className, family, annotations }));
  const waiting = { what: `answers for ${ips.join(' ')}`, deadlineMs: 5_000, everyMs: 100 };
  const times = await until(waiting, async () => {
    const answers = await watch.answers();
    const found = ips.map((ip) => answers.find((one) => one.ip === ip)?.atMs);
    return found.every((atMs) => atMs !== undefined) && found;
  });
  await watch.stop();
  assert.deepEqual((await assignedIps(lab, 'fresh', ips.length)).toSorted(), ips.toSorted());
  const tookMs = times.map((atMs) => atMs - createdAtMs);
  return {
    'created to first of 3 answered': [Math.min(...tookMs)],
    'created to 3 of 3 answered': [Math.max(...tookMs)],
  };
}

/** Of an IP of this module, of the same node's own address, which its kernel answers for, and of another program's. */
async function repliesInTurn(lab: Lab, node: string): Promise<Samples> {
  const all = await settled(lab);
  const number = numberOf(node);
  const ours = (isIpv6: boolean) =>
    all.find((one) => one.preferredNode === node && one.ip.includes(':') === isIpv6)?.ip ?? '';
  const stopNdppd = await startNdppd(lab);
  try {
    return {
      'ARP reply': await replyTimes(lab, ours(false), REPLIES),
      'ARP reply, kernel': await replyTimes(lab, ipv4On('public', number), REPLIES),
      'NDP reply': await replyTimes(lab, ours(true), REPLIES),
      'NDP reply, kernel': await replyTimes(lab, ipv6On('public', number), REPLIES),
      'NDP reply, ndppd': await replyTimes(lab, NDPPD_IP, REPLIES),
    };
  } finally {
    stopNdppd();
  }
}

async function memory(lab: Lab): Promise<Samples> {
  await delay(LOOK_MS);
  const pssMib = (pids: readonly number[]) =>
    pids.reduce((sum, pid) => sum + pssKibOf(pid), 0) / 1024;
  return {
    'node program PSS': lab.nodes.map((node) => pssMib(lab.program(node).pids())),
    'controller PSS': [pssMib(lab.controller.pids())],
  };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
