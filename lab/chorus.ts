import { type Agent, type AgentOptions, startAgent } from './agent.ts';

/** A node that another one takes for dead from now on. */
export interface Burial {
  readonly node: string;
  readonly by: string;
  /** Since its last sign of life. */
  readonly afterMs: number;
}

/** What the voices have seen since they were asked last. */
export interface ChorusReport {
  /** How many nodes a voice counts now: the one that counts the fewest, and the one that counts the most. */
  readonly counted: { readonly fewest: number; readonly most: number };
  /** Of any node by a voice, and of a silenced voice by a real node. */
  readonly burials: readonly Burial[];
  /** Heartbeats of the voices, and of the real nodes. */
  readonly heartbeats: number;
  readonly longestBytes: number;
  /** For how long it could not run when it should have: to everybody else, that is a death of all voices at once. */
  readonly stoodStillMs: number;
}

export type ChorusRequest =
  | { readonly do: 'report' }
  | { readonly do: 'silence'; readonly node: string }
  | { readonly do: 'speak'; readonly node: string }
  | { readonly do: 'announcers'; readonly ips: Readonly<Record<string, readonly string[]>> };

/** One host that speaks for many nodes of a segment, where as many programs would starve the machine. */
export class Chorus {
  readonly nodes: readonly string[];
  readonly #agent: Agent<ChorusRequest, ChorusReport | undefined>;

  constructor(agent: Agent<ChorusRequest, ChorusReport | undefined>, nodes: readonly string[]) {
    this.#agent = agent;
    this.nodes = nodes;
  }

  async report(): Promise<ChorusReport> {
    const report = await this.#agent.ask({ do: 'report' });
    if (report === undefined) throw new Error('the chorus has no report');
    return report;
  }

  /** The node is dead: it neither speaks nor hears. */
  async silence(node: string): Promise<void> {
    await this.#agent.ask({ do: 'silence', node });
  }

  /** It has started anew. */
  async speak(node: string): Promise<void> {
    await this.#agent.ask({ do: 'speak', node });
  }

  /** Which real node announces which IPs: by these, its life is asked for when it is silent. */
  async learnAnnouncers(ips: Readonly<Record<string, readonly string[]>>): Promise<void> {
    await this.#agent.ask({ do: 'announcers', ips });
  }

  stop(): void {
    this.#agent.stop();
  }
}

/** @param keyFile of a real node: whoever holds no key of theirs is nobody */
export async function startChorus(
  where: Pick<AgentOptions, 'directory' | 'namespace'>,
  keyFile: string,
  voices: number,
): Promise<Chorus> {
  const nodes = Array.from({ length: voices }, (_, index) => `voice-${index + 1}`);
  const args = [keyFile, ...nodes];
  return new Chorus(await startAgent({ ...where, kind: 'chorus', args, isPunctual: true }), nodes);
}
