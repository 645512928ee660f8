import { crowd } from './crowd.ts';
import { delay } from './exec.ts';
import { CABLE_OUT, type Fault, killPart, MOVING_FAULTS } from './faults.ts';
import type { Figure, FigureGroup, Samples } from './figure.ts';
import { settled } from './health.ts';
import type { Lab } from './lab.ts';
import { createdToAnswered } from './new-service.ts';
import { pssKibOf } from './processes.ts';
import { observe, playFault } from './trial.ts';

const LOOK_MS = 1_000;
const DRAIN = 'network.deckhouse.io/drain-balancer';
/** On each of three nodes a third of them. */
const MANY_IPS = 3_000;
const MANY_WITHIN_MS = 180_000;

/** What nodes do: failover, planned moves and memory, on a directory of manifests. */
export function nodeFigures(trials: number): FigureGroup {
  const figures: readonly Figure[] = [
    ...MOVING_FAULTS.map((fault) => ({
      ...{ name: fault.name, unit: 'ms', trials },
      trial: (lab: Lab, node: string) => failover(lab, node, fault),
    })),
    ...(['wire.mjs', 'speaker.mjs'] as const).map((part) => ({
      ...{ name: `kill-${part.replace('.mjs', '')}`, unit: 'ms', trials },
      trial: (lab: Lab, node: string) => crash(lab, node, part),
    })),
    { name: 'drain', unit: 'lost', trials, trial: drain },
    { name: 'failback', unit: 'lost', trials, trial: failback },
    { name: 'created-to-answered', unit: 'ms', trials, trial: createdToAnswered },
    { name: 'memory', unit: 'MiB', trials: 1, trial: memory },
    { name: 'memory-of-many', unit: 'MiB', trials: 1, trial: memoryOfMany },
  ];
  return { lab: {}, figures };
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

export async function memory(lab: Lab): Promise<Samples> {
  await delay(LOOK_MS);
  const pssMib = (pids: readonly number[]) =>
    pids.reduce((sum, pid) => sum + pssKibOf(pid), 0) / 1024;
  return {
    'node program PSS': lab.nodes.map((node) => pssMib(lab.program(node).pids())),
    'controller PSS': [pssMib(lab.controller.pids())],
  };
}

/** With a thousand IPs on each node. */
async function memoryOfMany(lab: Lab): Promise<Samples> {
  await crowd(lab, 'IPv4', MANY_IPS, MANY_WITHIN_MS);
  const samples = Object.entries(await memory(lab));
  return Object.fromEntries(samples.map(([name, some]) => [`${name}, 3 x 1,000 IPs`, some]));
}
