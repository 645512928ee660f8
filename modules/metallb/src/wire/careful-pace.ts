import type { Claim } from '../layer2/claim.ts';
import type { Peer } from '../liveness/peer.ts';
import type { SegmentLiveness } from '../liveness/segment-liveness.ts';
import type { Announcements } from './announcements.ts';
import { BurstMemory } from './burst-memory.ts';
import type { Conditions } from './conditions.ts';

/** A switch that shuts a port for a storm leaves it shut for minutes; after this time the segment is calm again. */
const LASTS_MS = 60_000;

/**
 * Network rule 19: a node that falls silent right after a burst may have been shut by its switch for it, and the taker
 * of its IPs would be the next. So it announces slowly, until the node is heard again or the time is over.
 */
export class CarefulPace {
  readonly #announcements: Announcements;
  readonly #conditions: Conditions;
  readonly #bursts = new BurstMemory();
  #because: { readonly node: string; readonly until: number } | undefined;

  constructor(announcements: Announcements, conditions: Conditions) {
    this.#announcements = announcements;
    this.#conditions = conditions;
  }

  sawAnnouncement({ mac, ip }: Claim, now: number): void {
    this.#bursts.saw(mac, ip, now);
  }

  died({ node, mac }: Peer, silentSince: number, now: number): void {
    if (!this.#bursts.wasBursting(mac, silentSince)) return;
    this.#because = { node, until: now + LASTS_MS };
    this.#announcements.reducePace(now);
    const message = `${node} fell silent right after announcing; announcing slowly`;
    this.#conditions.set('PacingReduced', true, message);
  }

  /** A node that is heard has an open port: it was something else. */
  step(liveness: SegmentLiveness, now: number): void {
    if (this.#because === undefined) return;
    if (now < this.#because.until && !liveness.hears(this.#because.node)) return;
    this.#because = undefined;
    this.#announcements.restorePace();
    this.#conditions.set('PacingReduced', false, '');
  }
}
