import type { Duty } from '../duty/duty.ts';
import { DueQueue } from '../layer2/due-queue.ts';
import type { Peer } from '../liveness/peer.ts';
import type { IpAddress } from '../net/ip.ts';

/** For so long nobody is behind: what one node has just heard of, others are hearing. */
const NEWS_TRAVEL_MS = 1_000;
/** An IP that nobody has claimed for this long is asked for by its first stand-in, later by the next ones. */
const UNCLAIMED_MS = 500;
const STAGGER_MS = 100;
/** Thousands of IPs at once take a node some seconds: three questions for each, at a bounded rate. */
const LONGEST_WAIT_MS = 10_000;

interface Unclaimed {
  readonly ip: IpAddress;
  readonly metAt: number;
  /** Last sign that somebody is about to claim it. */
  readonly signAt: number;
  /** How many nodes come before this one. */
  readonly rank: number;
  /** For those that may know the IP, and keep it back for a reason. */
  readonly patienceMs: number;
}

/** Nodes that come last for an IP; undefined, as nearly always, when there are none. */
export type Latecomers = (duty: Duty) => ReadonlySet<string> | undefined;

/** A peer has not seen a version of the cluster state: `slow` if its view moves, as under load, `stuck` if it does not. */
export function delayOf(
  { revision, revisionAt }: Peer,
  since: number,
  now: number,
): 'none' | 'slow' | 'stuck' {
  if (revision >= since) return 'none';
  return now - revisionAt < NEWS_TRAVEL_MS ? 'slow' : 'stuck';
}

/**
 * IPs that are new here or have changed, until somebody is seen to serve them (network rule 5). A node whose view of the
 * cluster stands still is heard like any other, and does not know. So whoever can't know what has become of an IP, or is
 * found not to serve it, comes last for it, until it shows that it does.
 */
export class Newcomers {
  /** The version of each IP that is dealt with. */
  readonly #since = new Map<IpAddress, number>();
  /** Since when a version is known, the youngest last. */
  readonly #young = new Map<IpAddress, number>();
  readonly #unclaimed = new Map<IpAddress, Unclaimed>();
  readonly #due = new DueQueue<Unclaimed>((one) => this.#unclaimed.get(one.ip) === one);
  /** Of versions that are no longer young; empty where nobody is doubted. */
  readonly #doubts = new Map<IpAddress, ReadonlySet<string>>();

  /** Before an election. @param isFirst of an IP that nobody ever announced */
  meet({ ip, since }: Duty, isFirst: boolean, now: number): void {
    if (isFirst) this.#watch({ ip, metAt: now, signAt: now, rank: 1, patienceMs: 0 });
    if (since === (this.#since.get(ip) ?? 0)) return;
    this.#since.set(ip, since);
    this.#doubts.delete(ip);
    this.#young.delete(ip);
    this.#young.set(ip, now);
  }

  /** Nobody has announced it yet. */
  isUnclaimed(ip: IpAddress): boolean {
    return this.#unclaimed.has(ip);
  }

  /** Somebody is about to claim it. */
  sign(ip: IpAddress, now: number): void {
    const one = this.#unclaimed.get(ip);
    if (one !== undefined) this.#watch({ ...one, signAt: now });
  }

  /** Whoever comes before is at work, on others as yet. @returns whether that is waited for: not for ever */
  waits(ip: IpAddress, now: number): boolean {
    const one = this.#unclaimed.get(ip);
    if (one === undefined || now - one.metAt >= LONGEST_WAIT_MS) return false;
    this.sign(ip, now);
    return true;
  }

  /** @returns whether it is this node's turn, with `rank` nodes before it; else it is later */
  isTurn(ip: IpAddress, rank: number, patienceMs: number): boolean {
    const one = this.#unclaimed.get(ip);
    if (one === undefined) return false;
    if (rank <= one.rank && patienceMs <= one.patienceMs) return true;
    this.#watch({ ...one, rank, patienceMs });
    return false;
  }

  /** They don't serve it, as far as this node can see. */
  doubt(ip: IpAddress, nodes: Iterable<string>): void {
    this.#unclaimed.delete(ip);
    this.#doubts.set(ip, new Set(nodes));
  }

  doubts(ip: IpAddress, node: string): boolean {
    return this.#doubts.get(ip)?.has(node) ?? false;
  }

  /** This node may win it only because others are doubted. */
  isDoubtful(ip: IpAddress): boolean {
    return (this.#doubts.get(ip)?.size ?? 0) > 0;
  }

  /** Somebody has it. @param node that is trusted again; everybody, where a foreign host has it */
  settle(ip: IpAddress, node?: string): void {
    this.#unclaimed.delete(ip);
    const doubted = this.#doubts.get(ip);
    if (doubted === undefined) return;
    this.#doubts.set(ip, new Set([...doubted].filter((one) => node !== undefined && one !== node)));
  }

  /** The IP is no duty any more. */
  forget(ip: IpAddress): void {
    this.#since.delete(ip);
    this.#young.delete(ip);
    this.#unclaimed.delete(ip);
    this.#doubts.delete(ip);
  }

  /** One look at the peers for any number of elections. */
  latecomers(peers: readonly Peer[], now: number): Latecomers {
    // What others have seen, they no longer tell.
    const heard = peers.filter(({ phase }) => phase === 'alive');
    const lowest = Math.min(...heard.map(({ revision }) => revision));
    return ({ ip, since }) => {
      const isSettled = this.#doubts.has(ip) || since <= lowest || this.#young.has(ip);
      if (!isSettled) this.#age(ip, since, heard, now);
      return this.#doubts.get(ip);
    };
  }

  /** Whoever is slow gets more time. */
  #age(ip: IpAddress, since: number, heard: readonly Peer[], now: number): void {
    const behind = heard.filter((peer) => delayOf(peer, since, now) !== 'none');
    const isSlow = behind.some((peer) => delayOf(peer, since, now) === 'slow');
    if (isSlow) this.#young.set(ip, now);
    else {
      const nodes = behind.map(({ node }) => node);
      this.doubt(ip, nodes);
    }
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
    const waitMs = UNCLAIMED_MS + one.rank * STAGGER_MS + one.patienceMs;
    this.#due.push(one.signAt + waitMs, one);
  }
}
