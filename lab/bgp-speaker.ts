import { type Agent, type AgentOptions, startAgent } from './agent.ts';
import { until } from './exec.ts';

/** A peer as a scenario names it. */
export interface PeerSpec {
  readonly name: string;
  readonly address: string;
  readonly port?: number;
  readonly source?: string;
  readonly interface?: string;
  readonly localAsn: number;
  readonly remoteAsn: number | 'internal' | 'external';
  readonly routerId: string;
  readonly passwords?: readonly string[];
  readonly gtsm?: boolean;
  readonly hops?: number;
  readonly passive?: boolean;
  readonly holdSeconds?: number;
  readonly connectRetryMs?: number;
  readonly sendHoldMs?: number;
  readonly families?: readonly ('IPv4' | 'IPv6')[];
  readonly ipv4OverIpv6?: boolean;
  readonly role?: 'customer' | 'provider' | 'peer';
}

/** A route to announce to every peer, or as many as `count` with addresses one after the other. */
export interface RouteSpec {
  readonly prefix: string;
  readonly count?: number;
  readonly communities?: readonly string[];
  readonly large?: readonly string[];
  /** Sixteen hexadecimal digits each. */
  readonly extended?: readonly string[];
  readonly localPref?: number;
  readonly med?: number;
  readonly prepend?: number;
}

/** What the speaker is asked to do. */
export type BgpRequest =
  | { readonly do: 'listen'; readonly port?: number }
  | { readonly do: 'peer'; readonly peer: PeerSpec }
  | { readonly do: 'announce'; readonly routes: readonly RouteSpec[] }
  | { readonly do: 'withdraw'; readonly prefix: string; readonly count?: number }
  | { readonly do: 'passwords'; readonly peer: string; readonly passwords: readonly string[] }
  | { readonly do: 'stop'; readonly peer: string; readonly message: string }
  | { readonly do: 'start'; readonly peer: string }
  | { readonly do: 'look' };

export interface PeerLook {
  readonly phase: string;
  readonly why: string;
  /** Routes that the peer has announced. */
  readonly received: number;
  readonly told: number;
  readonly waiting: number;
  readonly families: readonly string[];
  readonly holdMs: number;
  /** What people would have heard, by the wall clock. */
  readonly events: readonly { readonly at: number; readonly text: string }[];
}

export interface SpeakerLook {
  readonly peers: Readonly<Record<string, PeerLook>>;
  readonly rssMiB: number;
  readonly cpuMs: number;
}

const SESSION_MS = 12_000;

/** The product's BGP in a program of its own, on a host of the lab. */
export class BgpSpeaker {
  readonly #agent: Agent<BgpRequest, SpeakerLook>;

  constructor(agent: Agent<BgpRequest, SpeakerLook>) {
    this.#agent = agent;
  }

  ask(request: BgpRequest): Promise<SpeakerLook> {
    return this.#agent.ask(request);
  }

  look(): Promise<SpeakerLook> {
    return this.ask({ do: 'look' });
  }

  async peer(name: string): Promise<PeerLook> {
    const found = (await this.look()).peers[name];
    if (found === undefined) throw new Error(`no peer ${name}`);
    return found;
  }

  /** @throws with the peer's last words when there is no session */
  async established(name: string, deadlineMs = SESSION_MS): Promise<PeerLook> {
    return this.when(name, 'a session', ({ phase }) => phase === 'Established', deadlineMs);
  }

  async when(
    name: string,
    what: string,
    is: (look: PeerLook) => boolean,
    deadlineMs = SESSION_MS,
  ): Promise<PeerLook> {
    let last: PeerLook | undefined;
    return until(
      { what: () => `${what} with ${name}: ${JSON.stringify(last)}`, deadlineMs, everyMs: 20 },
      async () => {
        last = await this.peer(name);
        return is(last) && last;
      },
    );
  }

  /** As after a power cut: nothing is said to anybody. */
  stop(): void {
    this.#agent.stop();
  }
}

export async function startBgpSpeaker(
  where: Pick<AgentOptions, 'directory' | 'namespace'>,
): Promise<BgpSpeaker> {
  return new BgpSpeaker(await startAgent({ ...where, kind: 'bgp-speaker' }));
}
