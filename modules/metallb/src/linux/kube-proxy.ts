import { readFileSync } from 'node:fs';
import { familyOf, type IpAddress } from '../net/ip.ts';
import { parseSyncTimes, type SyncTimes } from './kube-proxy-metrics.ts';

/** What was found where kube-proxy's metrics should be. */
export type KubeProxyReading =
  | { readonly kind: 'times'; readonly times: readonly SyncTimes[] }
  /** Nobody answers there, or not with a page of metrics. */
  | { readonly kind: 'unreadable'; readonly reason: string };

const TIMEOUT_MS = 1_000;
/** A page has some 100 KiB. */
const MAX_PAGE_BYTES = 8 * 1_024 * 1_024;

/** Asks kube-proxy when it last wrote its rules. Never rejects. */
export async function readKubeProxy(url: URL): Promise<KubeProxyReading> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'error',
    });
    const page = await boundedText(response);
    if (response.status !== 200) return unreadable(`it answers ${response.status}`);
    return { kind: 'times', times: parseSyncTimes(page) };
  } catch (error) {
    return unreadable(reasonOf(error));
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
    const response = await fetch(url, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'error',
    });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}

/** When the kernel started, by this host's clock as it goes now (proc_stat(5)). */
export function readBootEpochMs(): number {
  const [, seconds = '0'] = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8')) ?? [];
  return Number(seconds) * 1_000;
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_PAGE_BYTES) throw new RangeError(`its page is over ${MAX_PAGE_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function unreadable(reason: string): KubeProxyReading {
  return { kind: 'unreadable', reason };
}

/** `fetch` hides what happened in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
