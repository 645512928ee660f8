import { compareIps, type IpAddress } from '../net/ip.ts';
import type { DisputedIp, Heartbeat } from '../packet/heartbeat.ts';

/** A dispute that nobody renewed is over. */
const LASTS_MS = 2_000;
/** One burst per IP and second, however often a peer repeats its claim. */
const REBURST_EVERY_MS = 1_000;
const MAX_DISPUTES = 10_000;
/** What fits beside the rest of a heartbeat, for IPv6. */
const PAGE = 30;

interface Dispute {
  seenAt: number;
  burstAt: number;
}

/** What a peer's heartbeat about an IP that both announce means for this node. */
export type Settlement =
  /** Same duties: the election decides, as everywhere. */
  | 'elect'
  /** The peer has seen newer state: give way and list the store again. */
  | 'withdraw'
  /** Ours is newer: stay, and say so. */
  | 'stay';

/** IPs that a peer announces although this node does. They are told to the peers in heartbeats until settled. */
export class Disputes {
  readonly #disputes = new Map<IpAddress, Dispute>();
  /** In an order common to all nodes (network rule 14), made anew when one comes or goes. */
  #ordered: readonly IpAddress[] | undefined;
  #next = 0;
  #untold = 0;

  /** A peer claims an IP that we announce, or says that we do what it does. */
  claimed(ip: IpAddress, now: number): void {
    const known = this.#disputes.get(ip);
    if (known !== undefined) known.seenAt = now;
    else if (this.#disputes.size < MAX_DISPUTES) {
      this.#disputes.set(ip, { seenAt: now, burstAt: Number.NEGATIVE_INFINITY });
      this.#ordered = undefined;
      this.#untold += 1;
    }
  }

  /** Whether to announce against the claim now: once a second and IP, however often it is repeated. */
  mayBurst(ip: IpAddress, now: number): boolean {
    this.claimed(ip, now);
    const dispute = this.#disputes.get(ip);
    if (dispute === undefined || now - dispute.burstAt < REBURST_EVERY_MS) return false;
    dispute.burstAt = now;
    return true;
  }

  settled(ip: IpAddress): void {
    if (this.#disputes.delete(ip)) this.#ordered = undefined;
  }

  /** More is new than the next heartbeat can tell: it should not be the only one for long. */
  get isBehind(): boolean {
    return this.#untold > PAGE;
  }

  /** A page of those to name in the next heartbeat. */
  nextPage(now: number, digestOf: (ip: IpAddress) => string): DisputedIp[] {
    for (const [ip, { seenAt }] of this.#disputes) {
      if (now - seenAt > LASTS_MS) this.settled(ip);
    }
    this.#ordered ??= [...this.#disputes.keys()].sort(compareIps);
    if (this.#next >= this.#ordered.length) this.#next = 0;
    const page = this.#ordered.slice(this.#next, this.#next + PAGE);
    this.#next += PAGE;
    this.#untold = Math.max(0, Math.min(this.#untold, this.#disputes.size) - page.length);
    return page.map((ip) => ({ ip, digest: digestOf(ip) }));
  }
}

/** Network rule 6: equal duties are settled by election, different ones by who has seen newer cluster state. */
export function settle(
  ours: { readonly digest: string; readonly revision: number },
  theirs: DisputedIp,
  heartbeat: Heartbeat,
): Settlement {
  if (ours.digest === theirs.digest || ours.revision === heartbeat.revision) return 'elect';
  return ours.revision < heartbeat.revision ? 'withdraw' : 'stay';
}
