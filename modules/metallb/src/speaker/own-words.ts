import type { Announcer } from '../api/announcer.ts';
import type { WantedCondition } from '../api/conditions.ts';
import { CONDITION } from '../api/names.ts';
import type { AnnouncedReport } from '../duty/messages.ts';
import type { IpAddress } from '../net/ip.ts';
import { type Clock, formatMilliseconds, parseTimestamp } from '../time/clock.ts';
import type { WireState } from './wire-state.ts';

/** Longer than any handover. */
const SETTLED_MS = 2_000;

/** What this node has to say of the IPs that it announces, or hears others answer for: in whatever object it is said. */
export class OwnWords {
  readonly #nodeName: string;
  readonly #wire: WireState;
  readonly #clock: Clock;
  /** IPs that this node announces while the status names another one, which said so later. */
  readonly #doubtful = new Map<IpAddress, { readonly since: string; readonly at: number }>();
  /**
   * `sinceEpochMs` of announcements that were insisted upon: once each while the same nodes are heard, so that two halves
   * of a network don't fight.
   */
  readonly #insisted = new Map<IpAddress, number>();
  #peersChangedAt = Number.NEGATIVE_INFINITY;

  constructor(nodeName: string, wire: WireState, clock: Clock) {
    this.#nodeName = nodeName;
    this.#wire = wire;
    this.#clock = clock;
  }

  /** IPs to be looked at again. */
  get doubtful(): Iterable<IpAddress> {
    return this.#doubtful.keys();
  }

  /** Whoever claimed our IPs in another half of the network may have given up without having to say so. */
  peersChanged(): void {
    this.#peersChangedAt = this.#clock.now();
    this.#insisted.clear();
  }

  /** Undefined where the status is right: nothing has moved, or another node announced later. */
  announcer(ip: IpAddress, existing: Announcer | undefined): Announcer | undefined {
    const announced = this.#wire.announcementOf(ip);
    if (announced === undefined) {
      this.#doubtful.delete(ip);
      this.#insisted.delete(ip);
      return undefined;
    }
    const { sinceEpochMs, reason, recentMoves, unchanged } = announced;
    const isOurs = existing?.node === this.#nodeName;
    const existingEpochMs = parseTimestamp(existing?.since ?? '') ?? 0;
    // Ours and later: it was insisted upon, and an earlier one would lose to the node that it corrects.
    if (isOurs && (unchanged || existingEpochMs > sinceEpochMs)) return undefined;
    if (existing === undefined || isOurs || existingEpochMs <= sinceEpochMs) {
      this.#doubtful.delete(ip);
      return { node: this.#nodeName, since: formatMilliseconds(sinceEpochMs), reason, recentMoves };
    }
    return this.#insist(ip, announced, existing);
  }

  /**
   * Another node announced later than this one. If this one still announces when that has settled, the other has given
   * up again, which its own status does not tell.
   */
  #insist(ip: IpAddress, announced: AnnouncedReport, theirs: Announcer): Announcer | undefined {
    const { sinceEpochMs } = announced;
    const theirsEpochMs = parseTimestamp(theirs.since) ?? 0;
    if (this.#insisted.get(ip) === sinceEpochMs) return undefined;
    if (!this.#isSettled(ip, theirs)) return undefined;
    this.#doubtful.delete(ip);
    this.#insisted.set(ip, sinceEpochMs);
    // Taken from that very node, the IP has moved, and that node's clock is ahead.
    const reason = announced.from === theirs.node ? announced.reason : 'Dispute';
    return {
      node: this.#nodeName,
      since: formatMilliseconds(theirsEpochMs + 1),
      reason,
      // What the status said was wrong; nothing has moved since.
      recentMoves: Math.max(theirs.recentMoves, announced.recentMoves),
    };
  }

  /** By this node's own clock: of two nodes' wall clocks, one may be an hour ahead. */
  #isSettled(ip: IpAddress, { since }: Announcer): boolean {
    const now = this.#clock.now();
    const known = this.#doubtful.get(ip);
    const doubt = known?.since === since ? known : { since, at: now };
    this.#doubtful.set(ip, doubt);
    return now - Math.max(doubt.at, this.#peersChangedAt) >= SETTLED_MS;
  }

  /**
   * A conflict is this node's to end when it saw it or announces the IP.
   * @param forced it is announced all the same
   */
  conflict(ip: IpAddress, forced: boolean, existing: Announcer | undefined): WantedCondition[] {
    const conflict = this.#wire.conflictOf(ip, this.#nodeName, forced);
    if (conflict !== undefined) return [conflict];
    if (existing?.node !== this.#nodeName) return [];
    return [
      {
        type: CONDITION.addressConflict,
        status: 'False',
        reason: 'NoForeignAnswer',
        message: `no other host answers for ${ip}`,
      },
    ];
  }
}
