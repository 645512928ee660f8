import { type Agent, type AgentOptions, startAgent } from './agent.ts';

/** What one port of the switch has seen of its node since the last report. */
export interface PortReport {
  readonly node: string;
  /** The most ARP broadcasts within any one second. */
  readonly mostPerSecond: number;
  readonly shut: boolean;
}

/**
 * Storm control of the lab's switch: a port whose node sends more ARP broadcasts in a second than allowed is shut for
 * good, as by Dynamic ARP Inspection. `LabSwitch.plug` opens it again.
 */
export class PortGuard {
  readonly #agent: Agent<'report', PortReport[]>;

  constructor(agent: Agent<'report', PortReport[]>) {
    this.#agent = agent;
  }

  async of(node: string): Promise<PortReport> {
    const report = (await this.#agent.ask('report')).find((one) => one.node === node);
    if (report === undefined) throw new Error(`the port of ${node} is not guarded`);
    return report;
  }

  stop(): void {
    this.#agent.stop();
  }
}

export async function startPortGuard(
  where: Pick<AgentOptions, 'directory' | 'namespace'>,
  nodes: readonly { readonly node: string; readonly mac: string }[],
  framesPerSecond: number,
): Promise<PortGuard> {
  const guarded = nodes.map(({ node, mac }) => `--guard=${node}=${mac}`);
  const args = [`--limit=${framesPerSecond}`, ...guarded];
  return new PortGuard(await startAgent({ ...where, kind: 'port-guard', args }));
}
