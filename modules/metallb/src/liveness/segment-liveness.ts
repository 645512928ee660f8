import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import { type Gates, type Heartbeat, type NodeState, shortId } from '../packet/heartbeat.ts';
import { TokenBucket } from '../time/token-bucket.ts';
import { Hearsay } from './hearsay.ts';
import type { LivenessAction } from './liveness-action.ts';
import type { LivenessOptions } from './liveness-options.ts';
import { type HoldDown, OwnState } from './own-state.ts';
import {
  countIncarnation,
  countMissed,
  electedBy,
  heardPending,
  isCounted,
  lastSignAt,
  learn,
  listedUs,
  lists,
  type Peer,
  uncount,
} from './peer.ts';
import { PeerTable } from './peer-table.ts';
import { Renewals } from './renewals.ts';
import {
  type Evidence,
  isAsked,
  isDeafTo,
  judge,
  judgementDue,
  phaseWhenHeard,
} from './suspicion.ts';

/** A segment carries at most this many heartbeats a second, however many nodes it has. */
const SEGMENT_HEARTBEATS_PER_SECOND = 300;
const SOLICIT_EVERY_MS = 50;
/** A suspect that has not proven its life, and one that has, or for which a peer vouches. */
const ASK_EVERY_MS = 20;
const ASK_AGAIN_MS = 1_000;
/** Between two heartbeats of a node that has more to tell than one can carry. */
const SOON_MS = 10;

/**
 * Who is alive on one segment, from heartbeats and answers on that segment alone. Sans-I/O: heartbeats, answers and
 * time go in, actions come out. Invariant: a peer counts only while an incarnation of it has named ours.
 */
export class SegmentLiveness {
  readonly #options: LivenessOptions;
  /** As peers name this node. */
  readonly #id: string;
  readonly #own: OwnState;
  readonly #peers: PeerTable;
  readonly #hearsay = new Hearsay();
  /** Extra heartbeats for peers first heard (network rule 7). */
  readonly #extraBeats: TokenBucket;
  readonly #renewals: Renewals;
  #incarnation: string;
  #sequence = 0;
  #nextBeatAt: number;
  #nextSolicitAt = Number.NEGATIVE_INFINITY;
  #lastForeignFrameAt = Number.NEGATIVE_INFINITY;
  #lastHeartbeatAt = Number.NEGATIVE_INFINITY;
  #deaf = false;
  #deafEndedAt = Number.NEGATIVE_INFINITY;
  #unheardBefore = 0;

  constructor(options: LivenessOptions, now: number) {
    this.#options = options;
    this.#id = shortId(options.node);
    const detectionMs = options.intervalMs * options.multiplier;
    this.#peers = new PeerTable(options.multiplier);
    this.#own = new OwnState({ ...options, detectionMs }, now, options.resume);
    this.#incarnation = options.newIncarnation();
    this.#nextBeatAt = now;
    this.#extraBeats = new TokenBucket({ ratePerSecond: 20, burst: 20, now });
    this.#renewals = new Renewals(now);
  }

  get state(): NodeState {
    return this.#own.state;
  }

  get holdDown(): HoldDown | undefined {
    return this.#own.holdDown;
  }

  get incarnation(): string {
    return this.#incarnation;
  }

  get peers(): readonly Peer[] {
    return this.#peers.all;
  }

  /** Suspects are not buried because nothing at all is received (network rule 2). */
  get deaf(): boolean {
    return this.#deaf;
  }

  /** No authentic heartbeat of anybody, ever (network rule 3). */
  get neverHeard(): boolean {
    return this.#peers.heardNobody;
  }

  /** An authentic heartbeat of this node, at any time. */
  everHeard(node: string): boolean {
    return this.#peers.everHeard(node);
  }

  /** Counts now. */
  hears(node: string): boolean {
    const peer = this.#peers.get(node);
    return peer !== undefined && isCounted(peer);
  }

  /** Not heard here, but by a peer that is: nothing that it sends is seen here (network rule 4). */
  isHearsay(node: string): boolean {
    if (node === this.#options.node) return false;
    const peer = this.#peers.get(node);
    if (peer !== undefined && isCounted(peer)) return peer.phase === 'witnessed';
    return !this.#hearsay.none && this.#hearsay.has(peer?.id ?? shortId(node));
  }

  peer(node: string): Peer | undefined {
    return this.#peers.get(node);
  }

  peerWithMac(mac: MacAddress): Peer | undefined {
    return this.#peers.withMac(mac);
  }

  /** Everybody who counted has been silent for more than an interval: read heartbeats before answering (rule 8). */
  isSilent(now: number): boolean {
    return now - this.#lastHeartbeatAt > this.#options.intervalMs && this.#peers.counted.length > 0;
  }

  /**
   * Others hear each other, or serve, and none of them hears this node.
   * @param isAlive what others than the segment say of a node
   */
  isCutOff(now: number, isAlive: (node: string) => boolean): boolean {
    return this.#peers.isCutOff(now, isAlive);
  }

  /** An authentic heartbeat of another node. */
  receive(heartbeat: Heartbeat, mac: MacAddress, now: number): LivenessAction[] {
    const ghostMs = this.#peers.ghostMs(heartbeat, now);
    if (ghostMs !== undefined) return this.#seeGhost(ghostMs, heartbeat, now);
    const peer = this.#peers.senderOf(heartbeat, mac);
    if (peer === undefined) return [];
    this.#lastHeartbeatAt = now;
    this.noteForeignFrame(now);
    const listsUs = lists(peer, heartbeat, this.#incarnation, now);
    if (heartbeat.incarnation === peer.incarnation)
      return this.#update(peer, heartbeat, mac, listsUs, now);
    return this.#meet(peer, heartbeat, mac, listsUs, now);
  }

  /**
   * Somebody whom we buried is there. Had it slept, it would start anew as soon as it read that we don't name it. It
   * does not: a partition has healed. As it may have buried us too, we go on under a new incarnation, so that both
   * sides can count each other again; nothing else changes.
   */
  #seeGhost(ghostMs: number, heartbeat: Heartbeat, now: number): LivenessAction[] {
    this.noteForeignFrame(now);
    const mayStillSleep = ghostMs < 2 * heartbeat.intervalMs;
    return mayStillSleep ? [] : this.#renew(now);
  }

  #renew(now: number): LivenessAction[] {
    if (!this.#renewals.tryTake(now)) return [];
    this.#incarnation = this.#options.newIncarnation();
    this.#sequence = 0;
    return [{ do: 'beat' }];
  }

  /** A frame of an incarnation that does not count yet. */
  #meet(
    peer: Peer,
    heartbeat: Heartbeat,
    mac: MacAddress,
    listsUs: boolean,
    now: number,
  ): LivenessAction[] {
    const isNew = peer.pending?.incarnation !== heartbeat.incarnation;
    const since = heardPending(peer, heartbeat, now);
    if (!isCounted(peer)) learn(peer, heartbeat, mac, now);
    const greeting: LivenessAction[] =
      isNew && this.#extraBeats.tryTake(now) ? [{ do: 'beat' }] : [];
    if (!listsUs)
      return now - since < 2 * heartbeat.intervalMs ? greeting : this.#ignored(peer, now);
    this.#peers.retire(peer);
    const resumed = isCounted(peer);
    countIncarnation(peer, heartbeat);
    const actions = this.#update(peer, heartbeat, mac, true, now);
    const serving = heartbeat.state === 'eligible' || heartbeat.state === 'leaving';
    if (!resumed && serving) actions.push({ do: 'peer-joined', peer });
    return [...greeting, ...actions];
  }

  /** A new incarnation that has had time to hear us does not name us. */
  #ignored(peer: Peer, now: number): LivenessAction[] {
    const dropped = this.#unlisted(peer, now);
    // To it, our incarnation is the ghost: it has buried us, alone of all, or as the other half of a partition.
    const mayHaveBuriedUs = peer.phase !== 'uncounted';
    return dropped.length === 0 && mayHaveBuriedUs ? this.#renew(now) : dropped;
  }

  #update(
    peer: Peer,
    heartbeat: Heartbeat,
    mac: MacAddress,
    listsUs: boolean,
    now: number,
  ): LivenessAction[] {
    const before = electedBy(peer);
    learn(peer, heartbeat, mac, now);
    countMissed(peer, heartbeat.sequence);
    if (!listsUs) return this.#unlisted(peer, now);
    listedUs(peer, this.#incarnation, now);
    peer.phase = phaseWhenHeard(peer, this.#options.restartGraceMs, now);
    const after = electedBy(peer);
    const isNews = this.#hearsay.told(heartbeat.witnessed, now);
    return before === after && !isNews ? [] : [{ do: 'elect' }];
  }

  /** Network rule 8: a peer that named us no longer does. If nobody does, we have been buried meanwhile. */
  #unlisted(peer: Peer, now: number): LivenessAction[] {
    const wasListed = isCounted(peer) && peer.listedIncarnation === this.#incarnation && !peer.deaf;
    const detectionMs = peer.intervalMs * this.#options.multiplier;
    const listsUs = (other: Peer) => other !== peer && now - other.listedUsAt < detectionMs;
    if (!wasListed || this.#peers.counted.some(listsUs)) return [];
    this.restart(now);
    return [{ do: 'dropped' }, { do: 'beat' }, { do: 'elect' }];
  }

  /** Begin anew with another incarnation: every peer must show again that it hears us. */
  restart(now: number): void {
    this.#own.restart(now);
    this.#incarnation = this.#options.newIncarnation();
    this.#sequence = 0;
    this.#nextBeatAt = now;
    for (const peer of this.#peers.all) uncount(peer);
  }

  setDraining(draining: boolean): LivenessAction[] {
    const before = this.#own.state;
    this.#own.setDraining(draining);
    return before === this.#own.state ? [] : [{ do: 'beat' }, { do: 'elect' }];
  }

  setRestarting(): LivenessAction[] {
    this.#own.setRestarting();
    return [{ do: 'beat' }];
  }

  /** The peer answered a confirmation probe; `proven` if with a proof that only it can give. */
  answered(node: string, proven: boolean, now: number): void {
    const peer = this.#peers.get(node);
    if (peer === undefined) return;
    if (proven) peer.provenAt = now;
    else peer.unprovenAt = now;
    // On a segment of thirty nodes it has as many to prove it to.
    if (proven && isAsked(peer)) peer.nextProbeAt = now + ASK_AGAIN_MS;
  }

  kernelAnswered(address: IpAddress): void {
    for (const peer of this.#peers.all) {
      if (peer.phase === 'restarting' && peer.addresses.includes(address)) peer.kernelAsked = 0;
    }
  }

  /** Any frame on this interface that is not our own: reception works. */
  noteForeignFrame(now: number): void {
    this.#lastForeignFrameAt = now;
    if (!this.#deaf) return;
    this.#deaf = false;
    this.#deafEndedAt = now;
  }

  /** There is something to tell, and maybe more in a moment. */
  beatSoon(now: number): void {
    this.#nextBeatAt = Math.min(this.#nextBeatAt, now + SOON_MS);
  }

  /** Sends what is due. Timeouts of peers are judged apart, once queued frames have been read (lab: a stalled loop). */
  sendDue(now: number): LivenessAction[] {
    return now >= this.#nextBeatAt ? [{ do: 'beat' }] : [];
  }

  judgePeers(now: number): LivenessAction[] {
    const actions: LivenessAction[] = [];
    this.#deaf = false;
    this.#peers.forgetDead(now);
    for (const peer of this.#peers.all) actions.push(...this.#judgePeer(peer, now));
    if (this.#notesOthers(now)) actions.push({ do: 'elect' });
    if (this.#own.step(now, this.#peers.around(this.#id, now)))
      actions.push({ do: 'beat' }, { do: 'elect' });
    return actions;
  }

  /** @returns whether nodes that don't count here have come or gone: of them it depends who is cut off */
  #notesOthers(now: number): boolean {
    const unheard = this.#peers.unheardBy(now).length;
    const isNews = unheard !== this.#unheardBefore;
    this.#unheardBefore = unheard;
    return this.#hearsay.expire(this.#intervalMs() * this.#options.multiplier, now) || isNews;
  }

  #judgePeer(peer: Peer, now: number): LivenessAction[] {
    const verdict = judge(peer, this.#evidence(peer, now));
    if (verdict === 'deaf') this.#deaf = true;
    if (verdict === 'dead') return this.#bury(peer, now);
    return this.#probe(peer, now);
  }

  #evidence(peer: Peer, now: number): Evidence {
    return {
      now,
      multiplier: this.#options.multiplier,
      lastForeignFrameAt: this.#lastForeignFrameAt,
      deafEndedAt: this.#deafEndedAt,
      isWitnessed: () => this.#peers.isWitnessed(peer, now),
    };
  }

  #bury(peer: Peer, now: number): LivenessAction[] {
    const silentSince = lastSignAt(peer);
    this.#peers.retire(peer);
    this.#hearsay.forget(peer.id);
    Object.assign(peer, { phase: 'dead', incarnation: '', listedUsAt: Number.NEGATIVE_INFINITY });
    // Of a segment that is cut, all others die within an interval.
    this.beatSoon(now);
    return [{ do: 'peer-died', peer, silentSince }, { do: 'elect' }];
  }

  #probe(peer: Peer, now: number): LivenessAction[] {
    if (now < peer.nextProbeAt) return [];
    if (peer.phase === 'restarting') {
      peer.nextProbeAt = now + 100;
      peer.kernelAsked += 1;
      return [{ do: 'confirm-kernel', peer }];
    }
    if (!isAsked(peer)) return [];
    peer.nextProbeAt = now + (peer.phase === 'witnessed' ? ASK_AGAIN_MS : ASK_EVERY_MS);
    const isHeard = this.#lastForeignFrameAt > peer.suspectAt;
    // Of many nodes one sends something anyway: nobody is asked for that before it has had time to.
    if (isHeard || now <= peer.suspectAt || now < this.#nextSolicitAt)
      return [{ do: 'confirm', peer }];
    this.#nextSolicitAt = now + SOLICIT_EVERY_MS;
    return [{ do: 'confirm', peer }, { do: 'solicit' }];
  }

  /** When something is due next, if no frame comes before. */
  nextDeadline(now: number): number {
    let next = Math.min(this.#nextBeatAt, this.#own.deadline);
    for (const peer of this.#peers.all) {
      next = Math.min(next, judgementDue(peer, this.#options.multiplier, now));
    }
    return next;
  }

  /** The heartbeat to send now; counts it as sent. */
  compose(
    now: number,
    facts: {
      readonly failedGates: Gates;
      readonly reaches: boolean;
      readonly revision: number;
      readonly addresses: readonly IpAddress[];
      readonly disputed: Heartbeat['disputed'];
    },
  ): Heartbeat {
    const intervalMs = this.#intervalMs();
    this.#sequence += 1;
    // Up to a tenth early, so that nodes that started together don't beat together.
    this.#nextBeatAt = now + intervalMs * (1 - this.#options.random() * 0.1);
    const { node, cluster } = this.#options;
    return {
      ...{ cluster, node, interface: this.#options.interface, intervalMs, ...facts },
      incarnation: this.#incarnation,
      sequence: this.#sequence,
      state: this.#own.state,
      heard: this.#peers.heardIncarnations(now),
      heardInPart: false,
      deaf: this.#peers.all.some((peer) => isDeafTo(peer, this.#evidence(peer, now))),
      covered: this.#peers.counted
        .filter((peer) => peer.phase === 'restarting')
        .map(({ id }) => id),
      witnessed: this.#peers.eligibleNow(now),
    };
  }

  #intervalMs(): number {
    const nodes = this.#peers.counted.length + 1;
    return Math.max(
      this.#options.intervalMs,
      Math.ceil((nodes / SEGMENT_HEARTBEATS_PER_SECOND) * 1_000),
    );
  }
}
