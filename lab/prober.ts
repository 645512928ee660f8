import { type Agent, startAgent } from './agent.ts';
import { delay } from './exec.ts';
import { arpRequest, neighbourSolicitation } from './frames.ts';

/** One reply to "who has this IP". */
export interface Answer {
  readonly ip: string;
  readonly mac: string;
  /** Since the question, or since the watch began. */
  readonly atMs: number;
}

export type ProberRequest =
  | { readonly do: 'ask'; readonly ip: string; readonly waitMs: number }
  | {
      readonly do: 'ask-again';
      readonly ip: string;
      readonly count: number;
      readonly gapMs: number;
    }
  | { readonly do: 'watch'; readonly ips: readonly string[]; readonly everyMs: number }
  | { readonly do: 'watched'; readonly stop: boolean }
  /** Frames in hexadecimal, as they are. */
  | { readonly do: 'send'; readonly frames: readonly string[] };

const WATCH_EVERY_MS = 10;

/**
 * Asks for MACs from a host of its own: an answer to the client's own question would refresh the client's cache and
 * hide what its packets go through.
 */
export class Prober {
  readonly #agent: Agent<ProberRequest, unknown>;
  readonly #host: ProberHost;

  constructor(agent: Agent<ProberRequest, unknown>, host: ProberHost) {
    this.#agent = agent;
    this.#host = host;
  }

  /** Every MAC that answers for the IP, sorted; a right network gives one or none. */
  async macsOf(ip: string, waitMs = 50): Promise<string[]> {
    const answers = (await this.#agent.ask({ do: 'ask', ip, waitMs })) as Answer[];
    return [...new Set(answers.map((answer) => answer.mac))].sort();
  }

  /** Asks `count` times, each time once the question before was answered. */
  async askAgainAndAgain(ip: string, count: number, gapMs = 2): Promise<void> {
    await this.#agent.ask({ do: 'ask-again', ip, count, gapMs });
  }

  get mac(): string {
    return this.#host.mac;
  }

  /** The frame with which this host asks for an IP. */
  question(ip: string): Buffer {
    const { mac, ipv4, ipv6 } = this.#host;
    return ip.includes(':')
      ? neighbourSolicitation({ mac, ip: ipv6 }, ip)
      : arpRequest({ mac, ip: ipv4 }, ip);
  }

  /** Asks for all IPs again and again from now on, as a stream of clients that know no MAC yet. */
  async watch(ips: readonly string[], everyMs = WATCH_EVERY_MS): Promise<AnswerWatch> {
    await this.#agent.ask({ do: 'watch', ips, everyMs });
    return new AnswerWatch(this.#agent, everyMs);
  }

  /** Puts whole Ethernet frames on the segment. */
  async send(...frames: readonly Buffer[]): Promise<void> {
    await this.#agent.ask({ do: 'send', frames: frames.map((frame) => frame.toString('hex')) });
  }

  stop(): void {
    this.#agent.stop();
  }
}

/** What the agent tells of a watch. */
export interface WatchReply {
  readonly answers: Answer[];
  readonly forMs: number;
  /** How often every IP was asked for. */
  readonly rounds: number;
}

/** A running stream of questions, and what was answered so far. */
export class AnswerWatch {
  readonly #agent: Agent<ProberRequest, unknown>;
  readonly #everyMs: number;
  readonly #startedAt = performance.now();

  constructor(agent: Agent<ProberRequest, unknown>, everyMs: number) {
    this.#agent = agent;
    this.#everyMs = everyMs;
  }

  /** Milliseconds since the watch began, on the scale of `Answer.atMs`. */
  nowMs(): number {
    return performance.now() - this.#startedAt;
  }

  async answers(): Promise<Answer[]> {
    return (await this.#report(false)).answers;
  }

  async stop(): Promise<AnswerReport> {
    await delay(2 * this.#everyMs);
    const { answers, forMs, rounds } = await this.#report(true);
    return new AnswerReport(answers, { forMs, everyMs: this.#everyMs, rounds });
  }

  async #report(stop: boolean): Promise<WatchReply> {
    return (await this.#agent.ask({ do: 'watched', stop })) as WatchReply;
  }
}

/** What a watch saw, from its first question to its last. */
export class AnswerReport {
  readonly answers: readonly Answer[];
  readonly #watch: { readonly forMs: number; readonly everyMs: number; readonly rounds: number };

  constructor(
    answers: readonly Answer[],
    watch: { forMs: number; everyMs: number; rounds: number },
  ) {
    this.answers = answers;
    this.#watch = watch;
  }

  /** The longest time in which questions for the IP stayed without an answer, less the time between two questions. */
  unansweredMs(ip: string): number {
    const times = this.answers.filter((answer) => answer.ip === ip).map((answer) => answer.atMs);
    const gaps = [...times, this.#watch.forMs].map((at, index) => at - (times[index - 1] ?? 0));
    return Math.max(0, Math.max(...gaps) - this.#watch.everyMs);
  }

  /** When the IP was first answered for, on the scale of `Answer.atMs`. */
  firstMs(ip: string): number | undefined {
    return this.answers.find((answer) => answer.ip === ip)?.atMs;
  }

  /** How many questions for the IP nobody answered, however late this machine let the prober ask. */
  unanswered(ip: string): number {
    return this.#watch.rounds - this.answers.filter((answer) => answer.ip === ip).length;
  }

  /** MACs in the order in which they began to answer; a MAC that comes back is listed again. */
  macsInOrder(ip: string): string[] {
    const macs = this.answers.filter((answer) => answer.ip === ip).map((answer) => answer.mac);
    return macs.filter((mac, index) => mac !== macs[index - 1]);
  }
}

/** The interface and addresses that questions come from. */
export interface ProberHost {
  readonly interfaceName: string;
  readonly mac: string;
  readonly ipv4: string;
  readonly ipv6: string;
}

/** Starts a prober in a namespace. */
export async function startProber(
  at: { directory: string; namespace: string },
  host: ProberHost,
): Promise<Prober> {
  const args = [host.interfaceName, host.mac, host.ipv4, host.ipv6];
  return new Prober(await startAgent({ ...at, kind: 'prober', args }), host);
}
