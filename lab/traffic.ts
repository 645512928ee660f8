import { type Agent, type AgentOptions, startAgent } from './agent.ts';
import { until } from './exec.ts';

/** What a probe loop has seen of one IP since the last reset. */
export interface ProbeReport {
  readonly ip: string;
  readonly sent: number;
  readonly lost: number;
  /** From the last answered probe before a loss to the first answered one after it; 0 without a loss. */
  readonly darkMs: number;
  /** Since the last answered probe was sent. */
  readonly silentMs: number;
}

type Where = Pick<AgentOptions, 'directory' | 'namespace'>;
const FLOWING_WITHIN_MS = 30;

export interface ProbeOptions {
  readonly intervalMs?: number;
  /** The host forgets its neighbours all the time, as if clients came for the first time again and again. */
  readonly forgets?: boolean;
}

/** A client that sends a UDP packet to every IP every few milliseconds. */
export class TrafficProbe {
  readonly #agent: Agent<'report' | 'reset', ProbeReport[]>;

  constructor(agent: Agent<'report' | 'reset', ProbeReport[]>) {
    this.#agent = agent;
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
      silent = reports.filter((one) => one.silentMs > FLOWING_WITHIN_MS).map((one) => one.ip);
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
  { intervalMs = 2, forgets = false }: ProbeOptions = {},
): Promise<TrafficProbe> {
  const targets = ips.map((ip) => `--target=${ip}`);
  const args = [...targets, `--interval=${intervalMs}`, ...(forgets ? ['--forget'] : [])];
  return new TrafficProbe(await startAgent({ ...where, kind: 'udp-probe', args }));
}

export interface ConnectionReport {
  readonly total: number;
  readonly open: number;
  readonly broken: number;
  /** Of the connections that stand, how long the most silent one has had no echo. */
  readonly silentMs: number;
}

/** A client that holds TCP connections open, spread over the IPs, and sends a byte over each every 100 ms. */
export class HeldConnections {
  readonly #agent: Agent<'report', ConnectionReport>;

  constructor(agent: Agent<'report', ConnectionReport>) {
    this.#agent = agent;
  }

  report(): Promise<ConnectionReport> {
    return this.#agent.ask('report');
  }

  /** Waits until every connection that still stands has echoed after now; others count as broken. */
  async echoing(deadlineMs = 10_000): Promise<ConnectionReport> {
    const askedAt = performance.now();
    let report: ConnectionReport | undefined;
    const what = () => `echoes over held connections: ${JSON.stringify(report)}`;
    return until({ what, deadlineMs }, async () => {
      report = await this.report();
      return report.silentMs < performance.now() - askedAt && report;
    });
  }

  stop(): void {
    this.#agent.stop();
  }
}

export async function holdConnections(
  where: Where,
  ips: readonly string[],
  connections: number,
): Promise<HeldConnections> {
  const args = [...ips.map((ip) => `--target=${ip}`), `--connections=${connections}`];
  const held = new HeldConnections(await startAgent({ ...where, kind: 'tcp-hold', args }));
  await until({ what: `${connections} open connections`, deadlineMs: 10_000 }, async () => {
    const report = await held.report();
    return report.open === connections;
  });
  return held;
}
