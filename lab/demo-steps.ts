import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { ClusterObject } from './cluster.ts';
import type { DemoUser } from './demo-user.ts';
import { delay, run, tryRun, until } from './exec.ts';
import { NODE_LOSS } from './faults.ts';
import { type Assignment, assignedIps, settled } from './health.ts';
import type { Lab } from './lab.ts';
import { bundle } from './node-programs.ts';
import { POOL } from './plan.ts';
import { columns, type Story } from './story.ts';
import { type IpOutcome, observe, playFault } from './trial.ts';
import { classManifest } from './workload.ts';

const EXAMPLE = join(import.meta.dirname, '..', 'examples', 'class-three-ips.yaml');
const EXAMPLE_PORT = 8000;
const REQUESTS = { httpPort: EXAMPLE_PORT };
const DARK_AT_MOST_MS = 500;
const BUSY = 'if something else keeps this machine busy, play it again when it is quiet';
const DRAIN = 'network.deckhouse.io/drain-balancer';
const SERVICES = [
  { name: 'nginx', family: 'IPv4' },
  { name: 'nginx6', family: 'IPv6' },
] as const;

/** The lab, who plays in it, and who tells it. */
export interface Stage {
  readonly lab: Lab;
  readonly user: DemoUser;
  readonly story: Story;
}

/** A class, and a Service that asks for three public IPs; the same for IPv6. @returns all of them, settled on their nodes */
export async function createServices({ lab, user, story }: Stage): Promise<Assignment[]> {
  const documents = parseAllDocuments(readFileSync(EXAMPLE, 'utf8')).map(
    (document): ClusterObject => document.toJS(),
  );
  // Deckhouse's way to enable the module; here it runs already.
  const shown = documents.filter((object) => object.kind !== 'ModuleConfig');
  await user.apply('examples/class-three-ips.yaml', ...shown);
  await user.apply(
    'the same for IPv6',
    classManifest({ name: 'ingress6', addressPool: [POOL.IPv6.range] }),
    ...shown.filter((object) => object.kind === 'Service').map(inIpv6),
  );
  for (const service of SERVICES) {
    await user.runBackends(service);
    const ips = await assignedIps(lab, service.name, 3);
    story.tell(`${service.name}  EXTERNAL-IP ${ips.join(',')}`);
  }
  const all = await settled(lab);
  await user.seeServices();
  const nodes = new Set(all.map((one) => `${one.service} ${one.preferredNode}`));
  story.check(nodes.size === 6, 'of each Service, every node has one IP');
  return all;
}

function inIpv6(service: ClusterObject): ClusterObject {
  const own = { loadBalancerClass: 'ingress6', ipFamilies: ['IPv6'], selector: { app: 'nginx6' } };
  const metadata = { ...service.metadata, name: 'nginx6' };
  return { ...service, metadata, spec: { ...service.spec, ...own } };
}

/** Pages from every IP, each by way of its node. */
export async function fetchAll(
  { lab, user, story }: Stage,
  all: readonly Assignment[],
): Promise<void> {
  for (const { ip, preferredNode } of all) {
    const host = ip.includes(':') ? `[${ip}]` : ip;
    const url = `http://${host}:${EXAMPLE_PORT}/`;
    const page = (await fetchOver(lab, url)).trim();
    const macs = await lab.prober.macsOf(ip);
    const isRight = user.page.test(page) && macs.join() === lab.macOf(preferredNode);
    story.check(isRight, `curl ${url}  →  "${page}"  from ${macs.join(' ')} (${preferredNode})`);
  }
}

/** The node answers for the IP already; its kube-proxy may need a moment for the backends. */
async function fetchOver(lab: Lab, url: string): Promise<string> {
  const curl = ['ip', 'netns', 'exec', lab.namespace('client'), 'curl', '-s', '-m', '2', url];
  return until({ what: `${url} answers`, deadlineMs: 10_000, everyMs: 100 }, async () => {
    const { code, stdout } = await tryRun(curl);
    return code === 0 && stdout;
  });
}

/** Records for the DNS zone, who answers, and what Events tell. */
export async function askCli(stage: Stage, all: readonly Assignment[]): Promise<void> {
  const { user, story } = stage;
  const mlb = (...args: string[]) => askMlb(stage, args);
  const name = 'nginx.example.com';
  for (const { name: service } of SERVICES) {
    const ips = all.filter((one) => one.service === service).map(({ ip }) => ip);
    const records = await mlb('dns', service, '--name', name, '--ttl', '60');
    const inRecords = records.map((line) => line.split(' ').at(-1));
    const isRight = inRecords.sort().join() === ips.sort().join();
    story.check(isRight, `mlb dns ${service} --name ${name}`);
    const events = await user.seeEvents(service);
    const areTold = ips.every((ip) => events.some((message) => message.includes(ip)));
    story.check(areTold, `an Event of ${service} names its IPs`);
  }
  await mlb('status', 'nginx');
}

/** Asks as a user does, and shows the answer. */
async function askMlb({ lab, user, story }: Stage, args: readonly string[]): Promise<string[]> {
  const store = ['--store', lab.cluster.storeArgument()];
  const command = [...user.mlbPrefix, process.execPath, bundle('mlb.mjs'), ...args, ...store];
  const lines = (await run(command)).trimEnd().split('\n');
  for (const line of lines) story.tell(line);
  return lines;
}

export async function loseNode({ lab, story }: Stage, node: string): Promise<void> {
  const outcomes = await playFault(lab, NODE_LOSS, node, REQUESTS);
  tellOutcomes({ lab, story }, outcomes);
  for (const one of outcomes) {
    const ok = one.preferredNode === node ? one.darkMs < DARK_AT_MOST_MS : one.lost === 0;
    if (ok) continue;
    const ms = one.darkMs.toFixed(0);
    throw new Error(`${one.ip}: dark for ${ms} ms, ${one.lost} requests lost; ${BUSY}`);
  }
  story.check(true, `only the IPs of ${node} moved, each dark for less than ${DARK_AT_MOST_MS} ms`);
}

export async function bringBack(stage: Stage, node: string): Promise<void> {
  const { lab, story } = stage;
  const observation = await observe(lab, REQUESTS);
  const startedAt = performance.now();
  await NODE_LOSS.repair(lab, node);
  await settled(lab);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const finding = nothingLost(stage, (await observation.end()).outcomes);
  story.check(true, `every IP is at home again after ${seconds} s, ${finding}`);
}

export async function drain(stage: Stage, node: string): Promise<void> {
  const { lab, user, story } = stage;
  const observation = await observe(lab, REQUESTS);
  await user.annotate(node, DRAIN, 'true');
  await observation.movedFrom(lab, node);
  await delay(1_000);
  const finding = nothingLost(stage, (await observation.end()).outcomes);
  story.check(true, `${node} answers for no IP any more, ${finding}`);
}

/** An IP that moves cuts the connections through the node that it leaves; whoever comes anew finds somebody at all times. */
function nothingLost(stage: Stage, outcomes: readonly IpOutcome[]): string {
  tellOutcomes(stage, outcomes);
  const lost = outcomes.reduce((sum, one) => sum + one.lost - one.cut, 0);
  const cut = outcomes.reduce((sum, one) => sum + one.cut, 0);
  if (lost > 0) throw new Error(`${lost} requests lost; ${BUSY}`);
  return cut === 0 ? 'no request lost' : `no request lost but ${cut} on its way when its IP moved`;
}

function tellOutcomes(
  { lab, story }: Pick<Stage, 'lab' | 'story'>,
  outcomes: readonly IpOutcome[],
): void {
  const nodeByMac = new Map(lab.nodes.map((node) => [lab.macOf(node), node]));
  const rows = outcomes.map((one) => [
    one.ip,
    // At a handover both answer for some milliseconds, in turn.
    [...new Set(one.macs)].map((mac) => nodeByMac.get(mac) ?? mac).join(' → '),
    `dark ${one.darkMs.toFixed(0)} ms`,
    `lost ${one.lost - one.cut} of ${one.sent}${one.cut > 0 ? `, ${one.cut} cut` : ''}`,
  ]);
  for (const line of columns(rows)) story.tell(line);
}
