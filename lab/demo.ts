import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { ClusterObject } from './cluster.ts';
import { delay, run } from './exec.ts';
import { NODE_LOSS } from './faults.ts';
import { type Assignment, assignedIps, settled } from './health.ts';
import { type Lab, startLab } from './lab.ts';
import { withTimedRun } from './lock.ts';
import { POOL } from './plan.ts';
import { becomeRoot } from './root.ts';
import { columns, Story } from './story.ts';
import { type IpOutcome, observe, playFault } from './trial.ts';
import { classManifest, endpointSliceManifest, nodeManifest, serviceManifest } from './workload.ts';

/** Three public IPs on three nodes: given, answered, and moved when a node dies. */
const EXAMPLE = join(import.meta.dirname, '..', 'examples', 'class-three-ips.yaml');
const EXAMPLE_PORT = 8000;
const CLI = join(import.meta.dirname, '..', 'dist', 'mlb.mjs');
const DARK_AT_MOST_MS = 500;
const BUSY = 'if something else keeps this machine busy, play it again when it is quiet';
const LOG_LINES_SHOWN = 5;
const DRAIN = 'network.deckhouse.io/drain-balancer';
/** A node has three interfaces; IPs belong on the public one. */
const NODE_FLAGS = ['--exclude-interfaces=^mgmt0$,^cni0$'];

const story = new Story((text) => process.stdout.write(text), process.stdout.isTTY);

becomeRoot();
process.exitCode = await withTimedRun(tellStory).then(
  () => 0,
  () => 1, // the step has told why
);

async function tellStory(): Promise<void> {
  const lab = await story.step('Three balancer nodes, a client and a switch', introduce);
  try {
    await play(lab);
  } catch (error) {
    for (const program of lab.programs()) {
      story.tell(`last lines of ${program.name}:`);
      for (const line of program.lastLogLines(LOG_LINES_SHOWN)) story.tell(`  ${line}`);
    }
    throw error;
  } finally {
    await lab.stop();
  }
}

async function play(lab: Lab): Promise<void> {
  const all = await story.step('A class, and a Service that asks for three public IPs', () =>
    createServices(lab),
  );
  await story.step('The client fetches a page from every IP', () => fetchAll(lab, all));
  await story.step('Records for the DNS zone, and who answers', () => askCli(lab, all));
  await story.step('n2 loses power and cables, without a word', () => loseNode(lab, 'n2'));
  await story.step('n2 comes back, is watched for a second, and takes its IPs home', () =>
    bringBack(lab, 'n2'),
  );
  await story.step('n1 is drained', () => drain(lab, 'n1'));
}

async function introduce(): Promise<Lab> {
  const lab = await startLab({ nodeFlags: NODE_FLAGS });
  await lab.cluster.apply(...lab.nodes.map(nodeManifest));
  for (const program of lab.programs()) program.start();
  for (const node of lab.nodes) story.tell(`${node}  eth0 ${lab.macOf(node)}`);
  return lab;
}

async function createServices(lab: Lab): Promise<Assignment[]> {
  const documents = parseAllDocuments(readFileSync(EXAMPLE, 'utf8')).map(
    (document): ClusterObject => document.toJS(),
  );
  const shown = documents.filter((object) => object.kind !== 'ModuleConfig');
  await lab.cluster.apply(...shown);
  story.tell('applied: examples/class-three-ips.yaml, and the same for IPv6');
  await lab.cluster.apply(
    classManifest({ name: 'ingress6', addressPool: [POOL.IPv6.range] }),
    serviceManifest({ name: 'nginx6', className: 'ingress6', family: 'IPv6', port: EXAMPLE_PORT }),
  );
  for (const [name, family] of [
    ['nginx', 'IPv4'],
    ['nginx6', 'IPv6'],
  ] as const) {
    const pods = [{ pod: 'backend', node: 'worker' }];
    await lab.cluster.apply(endpointSliceManifest({ name, family }, pods));
    story.tell(`${name}  EXTERNAL-IP ${(await assignedIps(lab, name, 3)).join(',')}`);
  }
  const all = await settled(lab);
  const nodes = new Set(all.map((one) => `${one.service} ${one.preferredNode}`));
  story.check(nodes.size === 6, 'of each Service, every node has one IP');
  return all;
}

async function fetchAll(lab: Lab, all: readonly Assignment[]): Promise<void> {
  for (const { ip, preferredNode } of all) {
    const host = ip.includes(':') ? `[${ip}]` : ip;
    const url = `http://${host}:${EXAMPLE_PORT}/`;
    const command = ['ip', 'netns', 'exec', lab.namespace('client'), 'curl', '-s', '-m', '2', url];
    const page = (await run(command)).trim();
    const macs = await lab.prober.macsOf(ip);
    const isRight = page.startsWith('backend ') && macs.join() === lab.macOf(preferredNode);
    story.check(isRight, `curl ${url}  →  "${page}"  from ${macs.join(' ')} (${preferredNode})`);
  }
}

async function askCli(lab: Lab, all: readonly Assignment[]): Promise<void> {
  const name = 'nginx.example.com';
  for (const service of ['nginx', 'nginx6']) {
    const ips = all.filter((one) => one.service === service).map(({ ip }) => ip);
    const records = await mlb(lab, 'dns', service, '--name', name, '--ttl', '60');
    const inRecords = records.map((line) => line.split(' ').at(-1));
    const isRight = inRecords.sort().join() === ips.sort().join();
    story.check(isRight, `mlb dns ${service} --name ${name}`);
  }
  await mlb(lab, 'status', 'nginx');
}

/** Asks as a user does, and shows the answer. */
async function mlb(lab: Lab, ...args: string[]): Promise<string[]> {
  const command = [process.execPath, CLI, ...args, '--store', lab.cluster.storeArgument];
  const lines = (await run(command)).trimEnd().split('\n');
  for (const line of lines) story.tell(line);
  return lines;
}

async function loseNode(lab: Lab, node: string): Promise<void> {
  const outcomes = await playFault(lab, NODE_LOSS, node);
  tellOutcomes(lab, outcomes);
  for (const one of outcomes) {
    const ok = one.preferredNode === node ? one.darkMs < DARK_AT_MOST_MS : one.lost === 0;
    if (ok) continue;
    const ms = one.darkMs.toFixed(0);
    throw new Error(`${one.ip}: dark for ${ms} ms, ${one.lost} packets lost; ${BUSY}`);
  }
  story.check(true, `only the IPs of ${node} moved, each dark for less than ${DARK_AT_MOST_MS} ms`);
}

async function bringBack(lab: Lab, node: string): Promise<void> {
  const observation = await observe(lab);
  const startedAt = performance.now();
  await NODE_LOSS.repair(lab, node);
  await settled(lab);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  await nothingLost(lab, (await observation.end()).outcomes);
  story.check(true, `every IP is at home again after ${seconds} s, no packet lost`);
}

async function drain(lab: Lab, node: string): Promise<void> {
  const observation = await observe(lab);
  await lab.cluster.change({ kind: 'Node', name: node }, { annotations: { [DRAIN]: 'true' } });
  story.tell(`kubectl annotate node ${node} ${DRAIN}=true`);
  await observation.movedFrom(lab, node);
  await delay(1_000);
  await nothingLost(lab, (await observation.end()).outcomes);
  story.check(true, `${node} answers for no IP any more, no packet lost`);
}

async function nothingLost(lab: Lab, outcomes: readonly IpOutcome[]): Promise<void> {
  tellOutcomes(lab, outcomes);
  const lost = outcomes.reduce((sum, one) => sum + one.lost, 0);
  if (lost > 0) throw new Error(`${lost} packets lost; ${BUSY}`);
}

function tellOutcomes(lab: Lab, outcomes: readonly IpOutcome[]): void {
  const nodeByMac = new Map(lab.nodes.map((node) => [lab.macOf(node), node]));
  const rows = outcomes.map((one) => [
    one.ip,
    // At a handover both answer for some milliseconds, in turn.
    [...new Set(one.macs)].map((mac) => nodeByMac.get(mac) ?? mac).join(' → '),
    `dark ${one.darkMs.toFixed(0)} ms`,
    `lost ${one.lost} of ${one.sent}`,
  ]);
  for (const line of columns(rows)) story.tell(line);
}
