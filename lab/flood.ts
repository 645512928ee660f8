import { type Agent, type AgentOptions, startAgent } from './agent.ts';

export interface FloodRequest {
  /** In hexadecimal, sent one after the other, again and again. */
  readonly frames: readonly string[];
  readonly forMs: number;
  /** As many as this, or as the machine can. */
  readonly perSecond: number;
}

export interface FloodReport {
  readonly sent: number;
  readonly forMs: number;
}

/** A host that sends more than anybody can read. */
export class Flooder {
  readonly #agent: Agent<FloodRequest, FloodReport>;

  constructor(agent: Agent<FloodRequest, FloodReport>) {
    this.#agent = agent;
  }

  /** Resolves when it is over. @returns how many frames a second were sent */
  async flood(frames: readonly Buffer[], forMs: number, perSecond: number): Promise<number> {
    const hex = frames.map((frame) => frame.toString('hex'));
    const report = await this.#agent.ask({ frames: hex, forMs, perSecond });
    return Math.round((report.sent / report.forMs) * 1_000);
  }

  stop(): void {
    this.#agent.stop();
  }
}

export async function startFlooder(
  where: Pick<AgentOptions, 'directory' | 'namespace'>,
): Promise<Flooder> {
  return new Flooder(await startAgent({ ...where, kind: 'flood' }));
}
