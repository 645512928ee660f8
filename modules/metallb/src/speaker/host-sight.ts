import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { judgeDataPath } from '../linux/data-path.ts';
import { probeDataPath } from '../linux/data-path-probe.ts';
import { readGateways } from '../linux/gateways.ts';
import { openIcmpSocket } from '../linux/icmp-socket.ts';
import { readBootEpochMs, readKubeProxy, servesLocally } from '../linux/kube-proxy.ts';
import { recallSynced, rememberSynced } from '../linux/kube-proxy-memory.ts';
import { readLinkLocals } from '../linux/link-locals.ts';
import { readNeighbours } from '../linux/neighbours.ts';
import { lookUpRoutes } from '../linux/routes.ts';
import { withdrawServedPools, writeServedPools } from '../linux/served-pools.ts';
import type { IpAddress } from '../net/ip.ts';
import type { NodeSettings } from '../settings/node-settings.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { DataplaneLook } from './dataplane-gate.ts';
import type { HostSight } from './node-health.ts';

/** This host's real kube-proxy, routes and kernel settings. */
export function openHostSight(settings: NodeSettings, bootId: string, log: Logger): HostSight {
  const {
    kubeProxyMetricsUrl: url,
    dataplaneWaitMs: blindWaitMs,
    runDir,
    excludeInterfaces,
  } = settings;
  const path = join(runDir, 'kube-proxy-synced-boot');
  return {
    dataplane: {
      hasMetrics: url !== undefined,
      blindWaitMs,
      syncedBefore: recallSynced(path, bootId),
      look: (healthPorts, nodeIps) => look(url, healthPorts, nodeIps),
      onSynced: () => {
        try {
          rememberSynced(path, bootId);
        } catch (error) {
          log.warn("can't remember that kube-proxy has synced", { error });
        }
      },
    },
    excludeInterfaces,
    reachability: {
      randomBytes,
      openIcmp: openIcmpSocket,
      readGateways,
      afterQueued: (run) => setImmediate(() => setImmediate(run)),
    },
    lookUpRoutes,
    links: { readLinkLocals, readNeighbours, openIcmp: openIcmpSocket },
    inspect: async (served, ips) => judgeDataPath(await probeDataPath(served, ips)),
    onServed: (served) => {
      try {
        if (served === undefined) withdrawServedPools(runDir);
        else writeServedPools(runDir, served);
      } catch (error) {
        log.warn("can't tell the loop guard what is served", { error });
      }
    },
  };
}

async function look(
  url: URL | undefined,
  healthPorts: ReadonlySet<number>,
  nodeIps: readonly IpAddress[],
): Promise<DataplaneLook> {
  const [metrics, ...healthy] = await Promise.all([
    url === undefined
      ? { kind: 'unreadable' as const, reason: 'there are none to read' }
      : readKubeProxy(url),
    ...[...healthPorts].map(async (port) => ((await servesLocally(port, nodeIps)) ? [port] : [])),
  ]);
  return { metrics, healthyPorts: new Set(healthy.flat()), bootEpochMs: readBootEpochMs() };
}
