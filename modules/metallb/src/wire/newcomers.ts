import type { Duty } from '../duty/duty.ts';
import { DueQueue } from '../layer2/due-queue.ts';
import type { Peer } from '../liveness/peer.ts';
import type { IpAddress } from '../net/ip.ts';

/** For so long nobody is behind: what one node has just heard of, others are hearing. */
const NEWS_TRAVEL_MS = 1_000;
/** An IP that nobody has claimed for this long is asked for by its first stand-in, later by the next ones. */
const UNCLAIMED_MS = 500;
const STAGGER_MS = 100;

interface Unclaimed {
  readonly ip: IpAddress;
  /** Last sign that somebody is about to claim it. */
  readonly signAt: number;
  /** How many nodes come before this one. */
  readonly rank: number;
}

/** Nodes that come last for an IP; undefined, as nearly always, when there are none. */
export type Latecomers = (duty: Duty) => ReadonlySet<string> | undefined;

/**
 * IPs that are new here, until somebody is seen to serve them (network rule 5). A node whose view of the cluster stands still is
 * heard like any other, and does not know them. So whoever can't know an IP, or is found not to serve it, comes last for
 * it, until it announces it.
 */
export class Newcomers {
  /** Since when, the youngest last. */
  readonly #young = new Map<IpAddress, number>();
  readonly #unclaimed = new Map<IpAddress, Unclaimed>();
  readonly #due = new DueQueue<Unclaimed>((one) => this.#unclaimed.get(one.ip) === one);
  /** Once an IP is no longer young. Empty when whoever was doubted has shown that it serves the IP. */
  readonly #doubts = new Map<IpAddress, ReadonlySet<string>>();

  /** An IP that nobody ever announced is about to be elected for the first time. */
  add(ip: IpAddress, now: number): void {
    this.#young.delete(ip);
    this.#young.set(ip, now);
    this.#watch({ ip, signAt: now, rank: 1 });
  }

  /** Nobody has announced it yet. */
  isUnclaimed(ip: IpAddress): boolean {
    return this.#unclaimed.has(ip);
  }

  /** A node of the cluster asks who has it, as it does before it announces it. */
  sign(ip: IpAddress, now: number): void {
    const one = this.#unclaimed.get(ip);
    if (one !== undefined) this.#watch({ ...one, signAt: now });
  }

  /** Somebody has it. */
  settle(ip: IpAddress): void {
    this.#unclaimed.delete(ip);
  }

  /** @returns whether it is this node's turn, with `rank` nodes before it; else it is later */
  isTurn(ip: IpAddress, rank: number): boolean {
    const one = this.#unclaimed.get(ip);
    if (one === undefined || rank <= one.rank) return one !== undefined;
    this.#watch({ ...one, rank });
    return false;
  }

  /** They don't serve it, as far as this node can see. */
  doubt(ip: IpAddress, nodes: Iterable<string>): void {
    this.#unclaimed.delete(ip);
    this.#doubts.set(ip, new Set(nodes));
  }

  isDoubted(ip: IpAddress): boolean {
    return (this.#doubts.get(ip)?.size ?? 0) > 0;
  }

  /** The node announces it, or answers for it: whatever was thought of it is over. */
  trust(ip: IpAddress, node: string): void {
    this.#unclaimed.delete(ip);
    if (this.#doubts.get(ip)?.has(node)) this.#doubts.set(ip, new Set());
  }

  /** The IP is no duty any more. */
  forget(ip: IpAddress): void {
    this.#young.delete(ip);
    this.#unclaimed.delete(ip);
    this.#doubts.delete(ip);
  }

  /** One look at the peers for any number of elections. */
  latecomers(peers: readonly Peer[]): Latecomers {
    // What others have seen, they no longer tell.
    const heard = peers.filter(({ phase }) => phase === 'alive');
    const lowest = Math.min(...heard.map(({ revision }) => revision));
    return ({ ip, since }) => {
      const doubted = this.#doubts.get(ip);
      if (doubted !== undefined || since <= lowest || this.#young.has(ip)) return doubted;
      const behind = heard.filter(({ revision }) => revision < since).map(({ node }) => node);
      this.doubt(ip, behind);
      return this.#doubts.get(ip);
    };
  }

  /** @returns IPs known for so long that those who can't know them count no more */
  takeAged(now: number): IpAddress[] {
    const aged: IpAddress[] = [];
    for (const [ip, since] of this.#young) {
      if (since + NEWS_TRAVEL_MS > now) break;
      this.#young.delete(ip);
      aged.push(ip);
    }
    return aged;
  }

  /** @returns IPs for which the time of a stand-in has come, if it is the first */
  takeUnclaimed(now: number): IpAddress[] {
    const unclaimed: IpAddress[] = [];
    for (let next = this.#due.peek(); next !== undefined && next.at <= now; ) {
      this.#due.pop();
      unclaimed.push(next.item.ip);
      next = this.#due.peek();
    }
    return unclaimed;
  }

  nextDeadline(): number {
    const [oldest = Number.POSITIVE_INFINITY] = this.#young.values();
    return Math.min(oldest + NEWS_TRAVEL_MS, this.#due.peek()?.at ?? Number.POSITIVE_INFINITY);
  }

  #watch(one: Unclaimed): void {
    this.#unclaimed.set(one.ip, one);
    this.#due.push(one.signAt + UNCLAIMED_MS + one.rank * STAGGER_MS, one);
  }
}
