import {
  DATA_PATH_CHECKS,
  type DataPathCheck,
  type DataPathFinding,
  isCheckedFor,
} from '../linux/data-path.ts';
import type { KubeProxyReading } from '../linux/kube-proxy.ts';
import { type Check, ok, unknown, wrong } from './doctor-check.ts';
import type { SpeakerStatus } from './speaker-status.ts';

/** What was found out on a node. */
export interface NodeFacts {
  readonly status: SpeakerStatus;
  /** Undefined where there is no kube-proxy. */
  readonly kubeProxy: KubeProxyReading | undefined;
  readonly bootEpochMs: number;
  /** Why the kernel could not be looked at, in words. */
  readonly dataPath: readonly DataPathFinding[] | string;
  readonly nowEpochMs: number;
}

/** Changes wait for a second by default, and a sync of a big cluster takes some. */
const BEHIND_MS = 10_000;

const WELL: Readonly<Record<DataPathCheck, readonly [name: string, message: string]>> = {
  ForwardingLoop: ['forwarding loop', 'packets to unused addresses of the pools are not sent back'],
  ReversePathFilter: ['rp_filter', 'drops no client of another network'],
  ReturnRouteElsewhere: ['return route', 'answers leave where the requests came in'],
  KernelAnswers: ['kernel ARP', 'the kernel does not answer for IPs of Services itself'],
};
/** Looked at here anew, so that what was mended a moment ago is not told. */
const FRESH: ReadonlySet<string> = new Set([...DATA_PATH_CHECKS, 'DataplaneNotSynced']);

/** Whether this node can announce and serve. */
export function checkNode(facts: NodeFacts): Check[] {
  const { status } = facts;
  return [
    status.wireConnected
      ? ok('node program', `runs as node ${status.node}, its wire answers`)
      : wrong('node program', `the wire of node ${status.node} is away: see the log of node`),
    status.storeConnected
      ? ok('cluster state', 'is watched')
      : wrong(
          'cluster state',
          'can not be reached from this node: IPs stay as they are, nothing new is learned',
        ),
    ...checkConditions(status),
    ...checkKubeProxy(facts),
    ...checkDataPath(facts),
  ];
}

function checkConditions({ conditions, node }: SpeakerStatus): Check[] {
  const shown = conditions
    .map(({ type, message }) => ({ name: type.split('/').at(-1) ?? type, message }))
    .filter(({ name }) => !FRESH.has(name));
  if (shown.length === 0) return [ok('segments', `node ${node} complains about nothing`)];
  return shown.map(({ name, message }) => wrong(name, message));
}

function checkKubeProxy({ kubeProxy, bootEpochMs, nowEpochMs }: NodeFacts): Check[] {
  const name = 'kube-proxy';
  if (kubeProxy === undefined) return [unknown(name, 'not looked at, as was asked')];
  if (kubeProxy.kind === 'unreadable') {
    const advice = 'new IPs wait a second each; is it another port, or is there no kube-proxy?';
    return [unknown(name, `its metrics can't be read (${kubeProxy.reason}); ${advice}`)];
  }
  const { times } = kubeProxy;
  const synced = Math.min(...times.map(({ syncedEpochMs }) => syncedEpochMs));
  if (times.length === 0 || synced <= bootEpochMs) {
    return [wrong(name, 'has not written its rules since this node was booted: see its log')];
  }
  const late = times.filter(
    ({ syncedEpochMs, queuedEpochMs }) =>
      queuedEpochMs > syncedEpochMs && nowEpochMs - syncedEpochMs > BEHIND_MS,
  );
  const seconds = Math.round((nowEpochMs - synced) / 1_000);
  return late.length === 0
    ? [ok(name, `wrote its rules ${seconds} s ago and has nothing to do`)]
    : [wrong(name, `has work and wrote its rules last ${seconds} s ago: see its log`)];
}

function checkDataPath({ dataPath, status }: NodeFacts): Check[] {
  if (status.served.length === 0) {
    return [unknown('routes', 'this node announces no pool, so there is nothing to look at')];
  }
  if (typeof dataPath === 'string') return [unknown('routes', dataPath)];
  return DATA_PATH_CHECKS.flatMap((check) => {
    const [name, message] = WELL[check];
    const findings = dataPath.filter((finding) => finding.check === check);
    if (findings.length > 0) return findings.map((finding) => wrong(name, finding.message));
    const looked = status.served.filter(({ protocol }) => isCheckedFor(check, protocol));
    const where = [...new Set(looked.map((one) => one.interface))].join(', ');
    return where === '' ? [] : [ok(name, `${message} (${where})`)];
  });
}
