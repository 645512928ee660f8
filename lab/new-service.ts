import * as assert from 'node:assert/strict';
import { ingressIps } from './dataplane-sync.ts';
import { until } from './exec.ts';
import type { Samples } from './figure.ts';
import { assignedIps, assignments } from './health.ts';
import type { Lab } from './lab.ts';
import { STANDARD_SERVICES } from './standard.ts';
import { serviceManifest } from './workload.ts';

/** What Services made anew may ask for, unless others have it. */
const CANDIDATES = Array.from({ length: 40 }, (_, index) => `192.0.2.${60 + index}`);
const NAME = { kind: 'Service', namespace: 'default', name: 'fresh' };
/** More often, and the API server and the nodes, on the same processors, would be busy with whoever measures. */
const LOOK_EVERY_MS = 20;
const ASK_EVERY_MS = 10;

/** From a Service's write to its EXTERNAL-IPs, and to the first answer on the wire for each of its three, IPv4. */
export async function createdToAnswered(lab: Lab, _node: string, index: number): Promise<Samples> {
  const taken = new Set((await assignments(lab)).map(({ ip }) => ip));
  const free = CANDIDATES.filter((ip) => !taken.has(ip));
  const ips = [0, 1, 2].map((offset) => free[(3 * index + offset) % free.length] ?? '');
  for (const ip of ips)
    assert.deepEqual(await lab.prober.macsOf(ip), [], `${ip} is answered before`);
  const watch = await lab.prober.watch(ips, ASK_EVERY_MS);
  const createdAtMs = watch.nowMs();
  const annotations = { 'network.deckhouse.io/load-balancer-ips': ips.join(',') };
  const [{ className, family }] = STANDARD_SERVICES;
  const told = timeToExternalIps(lab, ips.length);
  await lab.cluster.apply(serviceManifest({ name: 'fresh', className, family, annotations }));
  const waiting = { what: `answers for ${ips.join(' ')}`, deadlineMs: 10_000, everyMs: 100 };
  const times = await until(waiting, async () => {
    const answers = await watch.answers();
    const found = ips.map((ip) => answers.find((one) => one.ip === ip)?.atMs);
    return found.every((atMs) => atMs !== undefined) && found;
  });
  await watch.stop();
  assert.deepEqual((await assignedIps(lab, 'fresh', ips.length)).toSorted(), ips.toSorted());
  const tookMs = times.map((atMs) => atMs - createdAtMs);
  return {
    'created to EXTERNAL-IP': [await told],
    'created to first of 3 answered': [Math.min(...tookMs)],
    'created to 3 of 3 answered': [Math.max(...tookMs)],
  };
}

/** From now until a reader of the Service sees all of its IPs. */
async function timeToExternalIps(lab: Lab, count: number): Promise<number> {
  const startedAt = performance.now();
  const waiting = { what: 'EXTERNAL-IPs', deadlineMs: 10_000, everyMs: LOOK_EVERY_MS };
  return until(waiting, async () => {
    const service = await lab.cluster.read(NAME);
    return ingressIps(service).length === count && performance.now() - startedAt;
  });
}
