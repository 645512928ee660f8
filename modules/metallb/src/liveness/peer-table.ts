import { LRUCache } from 'lru-cache';
import type { MacAddress } from '../net/mac.ts';
import type { Heartbeat } from '../packet/heartbeat.ts';
import type { Surroundings } from './own-state.ts';
import { hasServed, isCounted, newPeer, type Peer } from './peer.ts';

const MAX_PEERS = 256;
const FORGET_DEAD_AFTER_MS = 120_000;
/** Intervals in which a heartbeat says that its sender is there now (network rule 4). */
const RECENT_INTERVALS = 1.5;

/** The nodes seen on one segment and the incarnations that are over. Bounded, whatever arrives. */
export class PeerTable {
  readonly #peers = new LRUCache<string, Peer>({
    max: MAX_PEERS,
    dispose: () => this.#changed(),
  });
  /** Read many times for each time that it changes. */
  #all: readonly Peer[] | undefined;
  /** Last sequence of incarnations that are over: their recorded frames revive nobody. */
  readonly #retired = new LRUCache<string, { sequence: number; ghostSince?: number }>({
    max: 4 * MAX_PEERS,
  });
  /** Nodes that have sent an authentic frame: what comes in their names with another key is no sign of their life. */
  readonly #everHeard = new LRUCache<string, true>({ max: 4 * MAX_PEERS });
  readonly #multiplier: number;

  /** @param multiplier missed intervals after which a frame says nothing about now */
  constructor(multiplier: number) {
    this.#multiplier = multiplier;
  }

  get all(): readonly Peer[] {
    this.#all ??= [...this.#peers.values()];
    return this.#all;
  }

  #changed(): void {
    this.#all = undefined;
  }

  get counted(): Peer[] {
    return this.all.filter(isCounted);
  }

  get(node: string): Peer | undefined {
    return this.#peers.get(node);
  }

  get heardNobody(): boolean {
    return this.#everHeard.size === 0;
  }

  everHeard(node: string): boolean {
    return this.#everHeard.has(node);
  }

  withMac(mac: MacAddress): Peer | undefined {
    for (const peer of this.all) if (peer.mac === mac) return peer;
    return undefined;
  }

  /**
   * For how long the sender has gone on with an incarnation that is over; undefined when it has not. It lives, but
   * must take a new incarnation to count, since it may not know that it was buried (network rule 8).
   */
  ghostMs({ incarnation, sequence }: Heartbeat, now: number): number | undefined {
    const ended = this.#retired.get(incarnation);
    if (ended === undefined || sequence <= ended.sequence) return undefined;
    const since = ended.ghostSince ?? now;
    this.#retired.set(incarnation, { sequence, ghostSince: since });
    return now - since;
  }

  /** The peer that sent this frame, or undefined when the frame is a recorded one. */
  senderOf(heartbeat: Heartbeat, mac: MacAddress): Peer | undefined {
    const peer = this.#peers.get(heartbeat.node) ?? newPeer(heartbeat, mac);
    if (heartbeat.sequence <= this.#lastSequence(peer, heartbeat.incarnation)) return undefined;
    if (!this.#peers.has(peer.node)) {
      this.#peers.set(peer.node, peer);
      this.#changed();
    }
    this.#everHeard.set(peer.node, true);
    return peer;
  }

  #lastSequence(peer: Peer, incarnation: string): number {
    if (incarnation === peer.incarnation) return peer.sequence;
    if (incarnation === peer.pending?.incarnation) return peer.pending.sequence;
    return this.#retired.get(incarnation)?.sequence ?? -1;
  }

  retire({ incarnation, sequence }: Peer): void {
    if (incarnation !== '') this.#retired.set(incarnation, { sequence });
  }

  /** Those dead for so long that nobody asks after them. */
  forgetDead(now: number): void {
    for (const { node, phase, heardAt } of this.all) {
      if (phase === 'dead' && now - heardAt > FORGET_DEAD_AFTER_MS) this.#peers.delete(node);
    }
  }

  /** Heard within the detection time, whether it counts or not. */
  isFresh(seen: Pick<Peer, 'heardAt' | 'intervalMs'>, now: number): boolean {
    return now - seen.heardAt < seen.intervalMs * this.#multiplier;
  }

  /** Ids of those who may announce and are there now: the word of this node for whoever does not hear them. */
  eligibleNow(now: number): string[] {
    return this.all
      .filter((peer) => peer.phase === 'alive' && peer.state === 'eligible' && isRecent(peer, now))
      .map(({ id }) => id);
  }

  /** Network rule 4: a peer that is there now says the same of this one, or keeps its IPs with it while it restarts. */
  isWitnessed({ id }: Peer, now: number): boolean {
    return this.all.some(
      (peer) =>
        peer.phase === 'alive' &&
        isRecent(peer, now) &&
        (peer.witnessed.has(id) || peer.covered.includes(id)),
    );
  }

  /** What this node's own state depends on. @param id of this node, as peers name it */
  around(id: string, now: number): Surroundings {
    const { counted } = this;
    const serves = (peer: Peer) =>
      peer.phase === 'restarting' || hasServed(peer, this.#multiplier, now);
    return {
      covered: counted.some((peer) => peer.covered.includes(id)),
      served: counted.some(serves),
      unheard: this.unheardBy(now).length > 0,
    };
  }

  /** Fresh peers that do not count, since they don't show that they hear us. */
  unheardBy(now: number): Peer[] {
    return this.all.filter((peer) => !isCounted(peer) && this.isFresh(peer, now));
  }

  /**
   * Listed by nobody while others hear each other, or by none that serves and could hear us: we are the one who is cut
   * off. Of the latter only who is alive for others, too, is believed: one who plays back what a dead node sent.
   */
  isCutOff(now: number, isAlive: (node: string) => boolean): boolean {
    if (this.counted.length > 0) return false;
    const heard = this.unheardBy(now);
    const hearEachOther = heard.some((peer) =>
      heard.some((other) => other !== peer && hears(peer, other)),
    );
    return hearEachOther || heard.some((peer) => servesWithoutUs(peer) && isAlive(peer.node));
  }

  /** Counted peers (a proven one too: naming it is how it learns that it is not buried) and newcomers. */
  heardIncarnations(now: number): string[] {
    const heard: string[] = [];
    for (const peer of this.all) {
      const { pending, incarnation, intervalMs } = peer;
      if (pending !== undefined && this.isFresh({ ...pending, intervalMs }, now))
        heard.push(pending.incarnation);
      const counts = isCounted(peer) && !this.#isMissing(peer, now);
      if (incarnation !== '' && (counts || this.isFresh(peer, now))) heard.push(incarnation);
    }
    return heard;
  }

  /** Overdue and not proven alive: only our own deafness or a doubtful answer keeps it from being dead. */
  #isMissing(peer: Peer, now: number): boolean {
    return peer.phase === 'suspect' && !this.isFresh(peer, now);
  }
}

function servesWithoutUs({ state, deaf }: Peer): boolean {
  return !deaf && (state === 'eligible' || state === 'holding-down');
}

function isRecent({ heardAt, intervalMs }: Peer, now: number): boolean {
  return now - heardAt < RECENT_INTERVALS * intervalMs;
}

function hears(peer: Peer, other: Peer): boolean {
  return peer.heard.has(other.incarnation) || peer.heard.has(other.pending?.incarnation ?? '');
}
