import { readFileSync } from 'node:fs';
import { familyOf, type IpAddress } from '../net/ip.ts';
import { httpPage, type PageLimits } from './http-page.ts';
import { parseSyncTimes, type SyncTimes } from './kube-proxy-metrics.ts';

/** What was found where kube-proxy's metrics should be. */
export type KubeProxyReading =
  | { readonly kind: 'times'; readonly times: readonly SyncTimes[] }
  /** Nobody answers there, or not with a page of metrics. */
  | { readonly kind: 'unreadable'; readonly reason: string };

const WITHIN_MS = 1_000;
/** A page has some 100 KiB. */
const METRICS: PageLimits = { withinMs: WITHIN_MS, maxBytes: 8 * 1_024 * 1_024 };
const HEALTH: PageLimits = { withinMs: WITHIN_MS, maxBytes: 65_536 };

/** Asks kube-proxy when it last wrote its rules. Never rejects. */
export async function readKubeProxy(url: URL): Promise<KubeProxyReading> {
  try {
    const { status, body } = await httpPage(url, METRICS);
    if (status !== 200) return unreadable(`it answers ${status}`);
    return { kind: 'times', times: parseSyncTimes(body) };
  } catch (error) {
    return unreadable(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Whether this node's kube-proxy says that it serves a Service with externalTrafficPolicy Local from endpoints on this
 * node. Never rejects.
 * @param port the Service's spec.healthCheckNodePort
 * @param nodeIps of this node: in nftables mode kube-proxy listens on the first of a family alone, not on localhost
 */
export async function servesLocally(port: number, nodeIps: readonly IpAddress[]): Promise<boolean> {
  const hosts = ['localhost', ...nodeIps.map((ip) => (familyOf(ip) === 'IPv6' ? `[${ip}]` : ip))];
  const answers = await Promise.all(
    hosts.map((host) => isHealthy(`http://${host}:${port}/healthz`)),
  );
  return answers.includes(true);
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await httpPage(new URL(url), HEALTH)).status === 200;
  } catch {
    return false;
  }
}

/** When the kernel started, by this host's clock as it goes now (proc_stat(5)). */
export function readBootEpochMs(): number {
  const [, seconds = '0'] = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8')) ?? [];
  return Number(seconds) * 1_000;
}

function unreadable(reason: string): KubeProxyReading {
  return { kind: 'unreadable', reason };
}
