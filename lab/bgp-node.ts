import type { SessionFacts } from '../modules/metallb/src/routing/sessions.ts';
import { type Agent, type AgentOptions, startAgent } from './agent.ts';
import { until } from './exec.ts';

/** A peer of the node: a BGPPeer as the API server has it, and its passwords, or why they can't be read. */
export interface NodePeer {
  readonly name: string;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly passwords?: readonly string[];
  readonly problem?: string;
}

/** What the node is asked to do. */
export type BgpNodeRequest =
  | { readonly do: 'peers'; readonly peers: readonly NodePeer[] }
  /** Announces this address, and those after it. */
  | { readonly do: 'announce'; readonly first: string; readonly count: number }
  | { readonly do: 'leave' }
  | { readonly do: 'stop'; readonly reason: string }
  | { readonly do: 'look' };

export interface BgpNodeLook {
  readonly facts: readonly SessionFacts[];
  /** By peer what people would have heard. */
  readonly events: Readonly<Record<string, readonly string[]>>;
}

const SESSION_MS = 15_000;

/** All BGP sessions of a node, as its speaker has them, in a program of its own. */
export class BgpNode {
  readonly #agent: Agent<BgpNodeRequest, BgpNodeLook>;

  constructor(agent: Agent<BgpNodeRequest, BgpNodeLook>) {
    this.#agent = agent;
  }

  get pid(): number {
    return this.#agent.pid;
  }

  ask(request: BgpNodeRequest): Promise<BgpNodeLook> {
    return this.#agent.ask(request);
  }

  /** @throws with the peer's facts when it does not come to that */
  async when(peer: string, is: (facts: SessionFacts) => boolean): Promise<SessionFacts> {
    let last: SessionFacts | undefined;
    const what = () => `the session with ${peer}: ${JSON.stringify(last)}`;
    return until({ what, deadlineMs: SESSION_MS, everyMs: 20 }, async () => {
      const { facts } = await this.ask({ do: 'look' });
      last = facts.find((one) => one.peer === peer);
      return last !== undefined && is(last) && last;
    });
  }

  established(peer: string): Promise<SessionFacts> {
    return this.when(peer, ({ state }) => state === 'Established');
  }

  /** As after a power cut. */
  stop(): void {
    this.#agent.stop();
  }
}

export async function startBgpNode(
  where: Pick<AgentOptions, 'directory' | 'namespace' | 'isPunctual'>,
): Promise<BgpNode> {
  return new BgpNode(await startAgent({ ...where, kind: 'bgp-node' }));
}
