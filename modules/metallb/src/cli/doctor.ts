import { type DataPathFinding, judgeDataPath } from '../linux/data-path.ts';
import { probeDataPath } from '../linux/data-path-probe.ts';
import { readBootEpochMs, readKubeProxy } from '../linux/kube-proxy.ts';
import type { SocketAddress, StoreAddress } from '../settings/kinds.ts';
import type { Clock } from '../time/clock.ts';
import { fetchSnapshot } from './cluster-snapshot.ts';
import { type Check, unknown, wrong } from './doctor-check.ts';
import { checkCluster } from './doctor-cluster.ts';
import { checkNode } from './doctor-node.ts';
import { CommandFailure } from './failure.ts';
import type { Paint } from './paint.ts';
import type { Pod } from './pods.ts';
import { fetchSpeakerStatus, type SpeakerStatus } from './speaker-status.ts';
import { reportStatus } from './status-report.ts';
import { alignTable } from './table.ts';

/** What the doctor is to look at. */
export interface DoctorWish {
  /** The cluster too, when given. */
  readonly store: StoreAddress | undefined;
  /** Where this node's speaker serves. */
  readonly speaker: SocketAddress;
  readonly kubeProxyMetricsUrl: URL | undefined;
}

/** Looks at the node that it runs on, and at the cluster when it is told where that is. */
export async function examine(wish: DoctorWish, clock: Clock): Promise<Check[]> {
  const { store, speaker } = wish;
  const { host, port } = speaker;
  const at = host.includes(':') ? `[${host}]` : host;
  const status = await fetchSpeakerStatus(new URL(`http://${at}:${port}/status`));
  const ofNode = typeof status === 'string' ? [] : await examineNode(status, wish, clock);
  const ofCluster = store === undefined ? [] : await examineCluster(store, clock);
  if (typeof status !== 'string') return [...ofNode, ...ofCluster];
  const name = 'node program';
  // A look at the cluster may come from anywhere.
  if (store !== undefined) {
    return [...ofCluster, unknown(name, `${status}; nothing was looked at on this host`)];
  }
  const advice = 'run this in the network namespace of a balancer node, or give --store';
  return [wrong(name, `${status}; ${advice}`)];
}

async function examineNode(
  status: SpeakerStatus,
  { kubeProxyMetricsUrl: url }: DoctorWish,
  clock: Clock,
): Promise<Check[]> {
  const [kubeProxy, dataPath] = await Promise.all([
    url === undefined ? undefined : readKubeProxy(url),
    inspect(status),
  ]);
  const bootEpochMs = readBootEpochMs();
  return checkNode({ status, kubeProxy, bootEpochMs, dataPath, nowEpochMs: clock.epochMs() });
}

async function inspect({ served, ips }: SpeakerStatus): Promise<DataPathFinding[] | string> {
  try {
    return judgeDataPath(await probeDataPath(served, ips));
  } catch (error) {
    return `the kernel can't be looked at: ${error instanceof Error ? error.message : error}`;
  }
}

async function examineCluster(store: StoreAddress, clock: Clock): Promise<Check[]> {
  try {
    const pods = store.kind === 'kubernetes' ? await lookForMetallb(clock) : [];
    return checkCluster(reportStatus(await fetchSnapshot(store, clock)), pods);
  } catch (error) {
    if (error instanceof CommandFailure) return [wrong('cluster', error.message)];
    throw error;
  }
}

/** The client is most of what the command loads, and only this needs it. */
async function lookForMetallb(clock: Clock): Promise<readonly Pod[] | string> {
  const { fetchMetallbPods } = await import('./pods.ts');
  return await fetchMetallbPods(clock);
}

const MEANINGS = { ok: 'good', wrong: 'bad', unknown: 'aside' } as const;

/** One line for each check. */
export function formatChecks(checks: readonly Check[], paint: Paint): string[] {
  const rows = checks.map(({ name, verdict, message }) => [
    paint(MEANINGS[verdict], verdict),
    name,
    message,
  ]);
  const faults = checks.filter(({ verdict }) => verdict === 'wrong').length;
  const summary = faults === 0 ? 'nothing is wrong' : `wrong: ${faults} of ${checks.length}`;
  return [...alignTable(rows), '', summary];
}
