import type { BfdEvent, BfdMemory } from '../modules/metallb/src/bfd/session.ts';
import type { BfdState } from '../modules/metallb/src/packet/bfd.ts';
import { type Agent, type AgentOptions, startAgent } from './agent.ts';
import { until } from './exec.ts';

/** A session as a scenario names it. */
export interface BfdSpec {
  readonly peer: string;
  /** Of a neighbour; without it the session is over several hops. */
  readonly interface?: string;
  /** The address that it speaks from, which must be one of the host's. */
  readonly local?: string;
  readonly intervalMs?: number;
  /** Where it would like to send less often than it can take packets. */
  readonly transmitMs?: number;
  readonly passive?: boolean;
  /** Of a session over several hops; 255 of a neighbour. */
  readonly minimumTtl?: number;
  readonly sha1?: {
    readonly kind: 'keyed-sha1' | 'meticulous-keyed-sha1';
    readonly secret: string;
  };
  readonly memory?: BfdMemory;
}

export type BfdRequest =
  | { readonly do: 'add'; readonly spec: BfdSpec }
  | { readonly do: 'configure'; readonly intervalMs: number }
  | { readonly do: 'shut-down' }
  | { readonly do: 'stall'; readonly ms: number }
  | { readonly do: 'look' };

/** What has come of its one session. */
export interface BfdLook {
  readonly state: BfdState | undefined;
  readonly why: string;
  readonly detectionMs: number;
  /** `at` is wall-clock milliseconds. */
  readonly events: readonly { readonly at: number; readonly event: BfdEvent }[];
  readonly drops: Readonly<Record<string, number>>;
  readonly memory: BfdMemory | undefined;
}

const STATE_MS = 10_000;

/** The product's BFD in a program of its own, on a host of the lab. */
export class LabBfdSpeaker {
  readonly #agent: Agent<BfdRequest, BfdLook>;

  constructor(agent: Agent<BfdRequest, BfdLook>) {
    this.#agent = agent;
  }

  ask(request: BfdRequest): Promise<BfdLook> {
    return this.#agent.ask(request);
  }

  /** @throws with what it says when it does not come to that */
  async when(what: string, is: (look: BfdLook) => boolean): Promise<BfdLook> {
    let last: BfdLook | undefined;
    const words = () => `${what}: ${JSON.stringify(last)}`;
    return until({ what: words, deadlineMs: STATE_MS, everyMs: 10 }, async () => {
      last = await this.ask({ do: 'look' });
      return is(last) && last;
    });
  }

  up(): Promise<BfdLook> {
    return this.when('a session that is Up', ({ state }) => state === 'Up');
  }

  /** As after a power cut: nothing is said to anybody. */
  stop(): void {
    this.#agent.stop();
  }
}

export async function startBfdSpeaker(
  where: Pick<AgentOptions, 'directory' | 'namespace'>,
): Promise<LabBfdSpeaker> {
  const agent = await startAgent<BfdRequest, BfdLook>({
    ...{ ...where, kind: 'bfd-speaker', isPunctual: true },
  });
  return new LabBfdSpeaker(agent);
}
