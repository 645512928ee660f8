import { join } from 'node:path';
import { startCapture } from './capture.ts';
import { delay, run, tryRun } from './exec.ts';
import type { Lab } from './lab.ts';
import { batch } from './network.ts';
import { bundle, withCapabilityAlone } from './node-programs.ts';
import { ipv4On, ipv6On, POOL } from './plan.ts';
import { Program } from './program.ts';
import { runDirectoryOf } from './run-directory.ts';

const ROUTER_NUMBER = 254;
const ROUTER = { IPv4: ipv4On('public', ROUTER_NUMBER), IPv6: ipv6On('public', ROUTER_NUMBER) };
/** Request, and what came of it. */
const ECHOES = {
  IPv4: 'icmp[icmptype] == icmp-echo or icmp[icmptype] == icmp-unreach',
  IPv6: 'icmp6 and (ip6[40] == 128 or ip6[40] == 1)',
} as const;

/** More frames than this are one: 63 are due; some kernels end a loop between namespaces of one host after 32. */
export const STORM = 30;

/** The node's default route is the router, as with most nodes, and the client is behind that router. */
export async function routeByRouter(
  lab: Lab,
  node: string,
  verb: 'replace' | 'delete',
): Promise<void> {
  await batch(lab.namespace(node), [
    `route ${verb} default via ${ROUTER.IPv4} dev eth0`,
    `route ${verb} default via ${ROUTER.IPv6} dev eth0`,
  ]);
  const way = verb === 'replace' ? (via: string) => `via ${via} dev eth0` : () => 'dev eth0';
  await batch(lab.namespace('client'), [
    `route replace ${POOL.IPv4.subnet} ${way(ROUTER.IPv4)}`,
    `route replace ${POOL.IPv6.subnet} ${way(ROUTER.IPv6)}`,
  ]);
}

/** How many frames a node sees of one echo request with a TTL of 64, and of what it causes. */
export async function framesOfOnePing(
  lab: Lab,
  node: string,
  ip: string,
  family: 'IPv4' | 'IPv6',
): Promise<number> {
  const capture = await startCapture({
    namespace: lab.namespace(node),
    interfaceName: 'eth0',
    file: join(lab.directory, `ping-${family}-${Date.now()}.pcap`),
    filter: ECHOES[family],
  });
  const ping = ['ping', '-c', '1', '-W', '1', '-t', '64', ip];
  await tryRun(['ip', 'netns', 'exec', lab.namespace('client'), ...ping]);
  await delay(200);
  return (await capture.stopWithFrames()).length;
}

/** `mlb loop-guard` on a node. @returns what it prints */
export function loopGuard(lab: Lab, node: string, ...words: readonly string[]): Promise<string> {
  const mlb = [process.execPath, bundle('mlb.mjs'), 'loop-guard', ...words];
  return run(['ip', 'netns', 'exec', lab.namespace(node), ...mlb]);
}

/** The chart's sidecar of a node program, started. */
export function keptLoopGuard(lab: Lab, node: string): Program {
  const mlb = [process.execPath, bundle('mlb.mjs'), 'loop-guard', 'keep'];
  const runDirectory = runDirectoryOf(lab.directory, node);
  const guard = new Program({
    name: `loop-guard-${node}`,
    command: [...withCapabilityAlone('net_admin'), ...mlb, `--run-dir=${runDirectory}`],
    namespace: lab.namespace(node),
    logFile: join(lab.directory, `loop-guard-${node}.log`),
  });
  guard.start();
  return guard;
}
