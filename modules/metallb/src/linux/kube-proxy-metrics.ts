/** When kube-proxy was asked to write its rules and when it last had, for one address family. */
export interface SyncTimes {
  /** Undefined where kube-proxy does not tell families apart (before 1.34). */
  readonly family: 'IPv4' | 'IPv6' | undefined;
  /** End of the last successful sync; 0 when there was none since it started. */
  readonly syncedEpochMs: number;
  /** When the last sync was asked for; 0 when none was. */
  readonly queuedEpochMs: number;
}

const LINE =
  /^kubeproxy_sync_proxy_rules_last(_queued)?_timestamp_seconds(?:\{([^}\n]{0,200})\})? (\S{1,40})/gm;
const FAMILY = /(?:^|,)ip_family="(IPv4|IPv6)"/;

/**
 * Reads the page that kube-proxy serves to Prometheus (kubernetes/pkg/proxy/metrics). Lines that are not about syncs, or
 * hold no time, are passed over. @returns one entry per family; none when kube-proxy has not been asked to sync yet
 */
export function parseSyncTimes(page: string): SyncTimes[] {
  const byFamily = new Map<SyncTimes['family'], SyncTimes>();
  for (const [, queued, labels = '', value = ''] of page.matchAll(LINE)) {
    const epochMs = Number(value) * 1_000;
    if (!(epochMs >= 0 && epochMs <= Number.MAX_SAFE_INTEGER)) continue;
    const family = familyIn(labels);
    const known = byFamily.get(family) ?? { family, syncedEpochMs: 0, queuedEpochMs: 0 };
    const told = queued === undefined ? { syncedEpochMs: epochMs } : { queuedEpochMs: epochMs };
    byFamily.set(family, { ...known, ...told });
  }
  return [...byFamily.values()];
}

function familyIn(labels: string): SyncTimes['family'] {
  const family = FAMILY.exec(labels)?.[1];
  return family === 'IPv4' || family === 'IPv6' ? family : undefined;
}
