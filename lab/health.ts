import * as assert from 'node:assert/strict';
import type { ClusterObject } from './cluster.ts';
import { ingressIps } from './dataplane-sync.ts';
import { until } from './exec.ts';
import { fetchPage } from './http.ts';
import type { Lab } from './lab.ts';
import { serviceNamed } from './workload.ts';

/** One assigned IP, as its child tells it. */
export interface Assignment {
  readonly ip: string;
  readonly service: string;
  readonly preferredNode: string;
  readonly announcer: string | undefined;
}

/** Every IP that a child has, in the children's order. */
export async function assignments(lab: Lab): Promise<Assignment[]> {
  const children = await lab.cluster.list('SDNInternalL2LBService');
  return children.flatMap((child) => {
    const [ip] = ingressIps(child);
    return ip === undefined ? [] : [assignmentOf(child, ip)];
  });
}

function assignmentOf(child: ClusterObject, ip: string): Assignment {
  const serviceRef = child.spec?.['serviceRef'] as { name: string } | undefined;
  const announcer = child.status?.['announcer'] as { node: string } | undefined;
  return {
    ip,
    service: serviceRef?.name ?? '',
    preferredNode: child.metadata.annotations?.['metallb.io/preferredL2SpeakerNode'] ?? '',
    announcer: announcer?.node,
  };
}

/** Also of a cluster that has just started beside others, on a busy machine; who claims less measures it. */
const IN_THE_END_MS = 30_000;

/** A busy machine takes its time with an answer. */
const ANSWERED_LATE_MS = 500;

/** Waits until the Service has `count` IPs. @returns them */
export async function assignedIps(
  lab: Lab,
  service: string,
  count: number,
  deadlineMs = IN_THE_END_MS,
): Promise<string[]> {
  let ips: string[] = [];
  const what = () => `${count} IPs of ${service}, has ${ips.join(' ') || 'none'}`;
  return until({ what, deadlineMs }, async () => {
    ips = ingressIps(await lab.cluster.read(serviceNamed(service)));
    return ips.length === count && ips;
  });
}

/** Waits until exactly this node answers for the IP. */
export async function answeredBy(
  lab: Lab,
  ip: string,
  node: string,
  deadlineMs = 10_000,
): Promise<void> {
  let macs: string[] = [];
  const what = () =>
    `${ip} answered by ${node} (${lab.macOf(node)}), is by ${macs.join(' ') || 'nobody'}`;
  await until({ what, deadlineMs }, async () => {
    macs = await lab.prober.macsOf(ip);
    return macs.length === 1 && macs[0] === lab.macOf(node);
  });
}

export async function answeredByNobody(lab: Lab, ip: string): Promise<void> {
  const waiting = { what: `nobody answers for ${ip}`, deadlineMs: 3_000 };
  await until(waiting, async () => (await lab.prober.macsOf(ip)).length === 0);
}

/** Waits until the node program says that it is ready, as a rolling update does before it goes on. */
export async function ready(lab: Lab, node: string): Promise<void> {
  await until({ what: `${node} ready`, deadlineMs: 15_000, everyMs: 50 }, async () => {
    const url = 'http://127.0.0.1:7476/readyz';
    const page = await fetchPage(lab.namespace(node), url).catch(() => undefined);
    return page?.status === 200;
  });
}

/** Waits until every IP is answered by its preferred node alone, and its child says so. */
export async function settled(lab: Lab, deadlineMs = IN_THE_END_MS): Promise<Assignment[]> {
  let all = await assignments(lab);
  for (const { ip, preferredNode } of all) await answeredBy(lab, ip, preferredNode, deadlineMs);
  const what = () => `announcers in status: ${JSON.stringify(all)}`;
  await until({ what, deadlineMs }, async () => {
    all = await assignments(lab);
    return all.every((one) => one.announcer === one.preferredNode);
  });
  return all;
}

/** Fails unless every IP is answered by its preferred node alone, now. */
export async function assertAnswers(lab: Lab, all: readonly Assignment[]): Promise<void> {
  for (const { ip, preferredNode } of all) {
    const atOnce = await lab.prober.macsOf(ip);
    const macs = atOnce.length > 0 ? atOnce : await lab.prober.macsOf(ip, ANSWERED_LATE_MS);
    assert.deepEqual(macs, [lab.macOf(preferredNode)], `who answers ${ip}`);
  }
}
