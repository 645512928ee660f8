import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CleanUp, runBeforeExit } from '../lab/cleanup.ts';
import type { Api } from '../lab/kubernetes/api.ts';
import { type ApiTraffic, apiTraffic } from '../lab/kubernetes/api-traffic.ts';
import { startControlPlane } from '../lab/kubernetes/control-plane.ts';
import { collectionPath, objectPath } from '../lab/kubernetes/kinds.ts';
import { applyDefinitions } from '../lab/kubernetes/module.ts';
import { bundle } from '../lab/node-programs.ts';
import { cpuSecondsOf, pssKibOf } from '../lab/processes.ts';
import { Program } from '../lab/program.ts';
import { inLanes } from '../modules/metallb/src/store/in-lanes.ts';
import { classOf, node } from '../tests/support/cluster-objects.ts';
import { writeAlike } from './write-alike.ts';

/**
 * The built controller starts on a real API server in which Services wait for three IPs each, until every status is
 * written; then it starts once more, with nothing left to do; then one Service changes. Last the same objects are
 * written by a bare loop, which is what the API server alone costs. Counts what the API server was asked meanwhile.
 * `controller-scale.ts [SERVICES]`, 10,000 unless told otherwise.
 */
const SERVICES = Number(process.argv[2] ?? 10_000);
const IPS = 3;
const NODES = 30;
const CREATORS = 16;
const METRICS = '127.0.0.1:17472';
const COUNT = 'network.deckhouse.io/l2-load-balancer-external-ips-count';
/** Enough to tell what a write costs. */
const WRITTEN_ALIKE = Math.min(SERVICES, 1_000);

const cleanUp = new CleanUp();
runBeforeExit(cleanUp);
const directory = mkdtempSync(join(tmpdir(), 'controller-scale-'));
cleanUp.push(() => rmSync(directory, { recursive: true, force: true }));
const { plane, api } = await startControlPlane(directory);
cleanUp.push(async () => {
  api.close();
  await plane.stop();
});
const controller = new Program({
  name: 'controller',
  command: [
    ...[process.execPath, bundle('controller.mjs'), '--store=kubernetes'],
    ...[`--metrics-address=${METRICS}`, '--webhook-address=off'],
  ],
  logFile: join(directory, 'controller.log'),
  environment: { KUBECONFIG: plane.kubeconfig('admin') },
});
cleanUp.push(() => controller.killTree());
try {
  await furnish(api);
  print('cold start', await measure(() => startUntilDone()));
  await controller.stop();
  print('warm start', await measure(() => startUntilDone()));
  print('one Service changes', await measure(() => changeOne(api)));
  await controller.stop();
  const prepared = await writeAlike(api, WRITTEN_ALIKE);
  print('the same writes, no controller', await measure(prepared), WRITTEN_ALIKE);
} finally {
  await cleanUp.run();
}

/** Without node ports, of which a cluster has only 2,768. */
async function furnish(to: Api): Promise<void> {
  await applyDefinitions(to);
  const pool = classOf('ingress', { isDefault: true, addressPool: ['10.128.0.0/16'] });
  const nodes = Array.from({ length: NODES }, (_, index) => node(`n${index}`));
  for (const { apiVersion, kind, metadata, spec } of [pool, ...nodes]) {
    const body = { apiVersion, kind, metadata: { name: metadata.name }, spec };
    await to.send('POST', collectionPath(kind), body);
  }
  const names = Array.from({ length: SERVICES }, (_, index) => `web-${index}`);
  await inLanes(CREATORS, names, async (name) => {
    await to.send('POST', collectionPath('Service', 'default'), serviceBody(name));
  });
}

function serviceBody(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, annotations: { [COUNT]: String(IPS) }, labels: { app: name } },
    spec: {
      type: 'LoadBalancer',
      allocateLoadBalancerNodePorts: false,
      selector: { app: name },
      ports: [
        { name: 'http', port: 80, targetPort: 8080 },
        { name: 'https', port: 443, targetPort: 8443 },
      ],
    },
  };
}

async function measure(work: () => Promise<void>): Promise<object> {
  const before = await apiTraffic(api);
  const cpuBefore = planeCpuSeconds();
  const ownCpuBefore = controllerCpuSeconds();
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1_000;
  const cpu = planeCpuSeconds();
  // A controller that was started meanwhile began at zero.
  const ownCpu = controllerCpuSeconds() - (controller.running ? ownCpuBefore : 0);
  const after = await apiTraffic(api);
  const difference = (name: keyof ApiTraffic) => after[name] - before[name];
  return {
    seconds: Number(seconds.toFixed(2)),
    writes: difference('writes'),
    reads: difference('reads'),
    eventsTold: difference('events'),
    watchEvents: difference('watchEvents'),
    watchBytes: difference('watchBytes'),
    controllerCpuSeconds: Number(ownCpu.toFixed(2)),
    apiServerCpuSeconds: Number((cpu.apiServer - cpuBefore.apiServer).toFixed(2)),
    etcdCpuSeconds: Number((cpu.etcd - cpuBefore.etcd).toFixed(2)),
    ...memory(),
    load: loadavg()[0],
  };
}

function planeCpuSeconds(): { apiServer: number; etcd: number } {
  return { apiServer: cpuSecondsOf(plane.apiServer.pid), etcd: cpuSecondsOf(plane.etcd.pid) };
}

function controllerCpuSeconds(): number {
  return controller.running ? cpuSecondsOf(controller.pid) : 0;
}

async function startUntilDone(): Promise<void> {
  controller.start();
  for (;;) {
    await delay(100);
    if (!controller.running) {
      throw new Error(`the controller has ended: ${controller.lastLogLines(3).join(' | ')}`);
    }
    const figures = await scrape(`http://${METRICS}/metrics`).catch(() => new Map());
    const used = figures.get('metallb_allocator_addresses_in_use{class="ingress"}');
    const isIdle = figures.get('metallb_controller_queue_depth') === 0;
    if (used === SERVICES * IPS && isIdle && (await isAllWritten())) return;
  }
}

/** The statuses of Services, since the allocator knows an IP before they do. */
async function isAllWritten(): Promise<boolean> {
  const { items } = (await api.get(collectionPath('Service', 'default'))) as {
    items: { status: { loadBalancer: { ingress?: unknown[] } } }[];
  };
  return (
    items.filter(({ status }) => status.loadBalancer.ingress?.length === IPS).length >= SERVICES
  );
}

/** A user raises the count of one Service by one. */
async function changeOne(to: Api): Promise<void> {
  const path = objectPath('Service', 'web-0');
  const body = { metadata: { annotations: { [COUNT]: String(IPS + 1) } } };
  await to.send('PATCH', path, body, 'application/merge-patch+json');
  for (;;) {
    const { status } = (await to.get(path)) as {
      status: { loadBalancer: { ingress?: unknown[] } };
    };
    if (status.loadBalancer.ingress?.length === IPS + 1) break;
    await delay(5);
  }
  // The class's figures follow half a second later.
  await delay(1_000);
}

async function scrape(url: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(url, { signal: AbortSignal.timeout(5_000) })).text();
  const rows = [...text.matchAll(/^(\S+) (\S+)$/gm)];
  return new Map(rows.map(([, name = '', value]) => [name, Number(value)]));
}

/** Of the controller, in MiB. */
function memory(): object {
  if (!controller.running) return {};
  const text = readFileSync(`/proc/${controller.pid}/status`, 'utf8');
  const mib = (name: string) =>
    Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]) / 1_024);
  const pssMib = Math.round(pssKibOf(controller.pid) / 1_024);
  return { rssMib: mib('VmRSS'), pssMib, peakRssMib: mib('VmHWM') };
}

function print(what: string, figures: object, services = SERVICES): void {
  const line = { bench: 'controller-scale', what, services, ips: IPS, ...figures };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
