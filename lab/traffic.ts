import { type Agent, type AgentOptions, startAgent } from './agent.ts';
import { until } from './exec.ts';
import { POD_PORT } from './workload.ts';

/** What a probe loop has seen of one IP since the last reset. */
export interface ProbeReport {
  readonly ip: string;
  readonly sent: number;
  readonly lost: number;
  /** Requests among the lost ones whose connection stood before it broke. */
  readonly cut: number;
  /** From the last answered probe before a loss to the first answered one after it; 0 without a loss. */
  readonly darkMs: number;
  /** Since the last answered probe was sent. */
  readonly silentMs: number;
}

type Where = Pick<AgentOptions, 'directory' | 'namespace'>;
const INTERVAL_MS = { packets: 2, requests: 20 };
/** What was sent last, or the one before, has been answered: a request takes a connection first. */
const ANSWERED_WITHIN_MS = { packets: 30, requests: 100 };

export interface ProbeOptions {
  readonly intervalMs?: number;
  /** HTTP requests to this port, as to any user's Service; UDP packets otherwise, which Services of the lab's manifests take. */
  readonly httpPort?: number | undefined;
  /** The host forgets its neighbours all the time, as if clients came for the first time again and again. */
  readonly forgets?: boolean;
}

/** A client that sends something to every IP every few milliseconds. */
export class TrafficProbe {
  readonly #agent: Agent<'report' | 'reset', ProbeReport[]>;
  readonly #flowingWithinMs: number;

  constructor(agent: Agent<'report' | 'reset', ProbeReport[]>, flowingWithinMs: number) {
    this.#agent = agent;
    this.#flowingWithinMs = flowingWithinMs;
  }

  /** Forgets what was counted. */
  async reset(): Promise<void> {
    await this.#agent.ask('reset');
  }

  report(): Promise<ProbeReport[]> {
    return this.#agent.ask('report');
  }

  /** Waits until probes to every IP are answered. */
  async flowing(deadlineMs = 10_000): Promise<void> {
    let silent: string[] = [];
    await until({ what: () => `traffic to ${silent.join(' ')}`, deadlineMs }, async () => {
      const reports = await this.report();
      silent = reports.filter((one) => one.silentMs > this.#flowingWithinMs).map((one) => one.ip);
      return silent.length === 0;
    });
  }

  stop(): void {
    this.#agent.stop();
  }
}

export async function startTrafficProbe(
  where: Where,
  ips: readonly string[],
  { httpPort, forgets = false, ...options }: ProbeOptions = {},
): Promise<TrafficProbe> {
  const kind = httpPort === undefined ? 'packets' : 'requests';
  const { intervalMs = INTERVAL_MS[kind] } = options;
  const args = [
    ...ips.map((ip) => `--target=${ip}`),
    `--interval=${intervalMs}`,
    ...(httpPort === undefined ? [] : ['--http', `--port=${httpPort}`]),
    ...(forgets ? ['--forget'] : []),
  ];
  const agent = await startAgent<'report' | 'reset', ProbeReport[]>({
    ...where,
    kind: 'probe',
    args,
  });
  return new TrafficProbe(agent, intervalMs + ANSWERED_WITHIN_MS[kind]);
}

export interface HoldOptions {
  /** From where; `client`. */
  readonly host?: string;
  readonly connections?: number;
  readonly httpPort?: number | undefined;
}

export interface ConnectionReport {
  readonly total: number;
  readonly open: number;
  readonly broken: number;
  /** Of the connections that stand, how long the most silent one has had no answer. */
  readonly silentMs: number;
}

/** A client that holds HTTP connections open, spread over the IPs, and asks for a page over each twice a second. */
export class HeldConnections {
  readonly #agent: Agent<'report', ConnectionReport>;

  constructor(agent: Agent<'report', ConnectionReport>) {
    this.#agent = agent;
  }

  report(): Promise<ConnectionReport> {
    return this.#agent.ask('report');
  }

  /** Waits until every connection that still stands has answered after now; others count as broken. */
  async answering(deadlineMs = 10_000): Promise<ConnectionReport> {
    const askedAt = performance.now();
    let report: ConnectionReport | undefined;
    const what = () => `answers over held connections: ${JSON.stringify(report)}`;
    return until({ what, deadlineMs }, async () => {
      const sinceMs = performance.now() - askedAt;
      report = await this.report();
      return report.silentMs < sinceMs && report;
    });
  }

  stop(): void {
    this.#agent.stop();
  }
}

export async function holdConnections(
  where: Where,
  ips: readonly string[],
  { connections = 100, httpPort = POD_PORT }: HoldOptions = {},
): Promise<HeldConnections> {
  const args = [
    ...ips.map((ip) => `--target=${ip}`),
    `--connections=${connections}`,
    `--port=${httpPort}`,
  ];
  const held = new HeldConnections(await startAgent({ ...where, kind: 'tcp-hold', args }));
  await until({ what: `${connections} open connections`, deadlineMs: 10_000 }, async () => {
    const report = await held.report();
    return report.open === connections;
  });
  return held;
}
