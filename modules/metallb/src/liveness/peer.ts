import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import { type Gates, type Heartbeat, type NodeState, shortId } from '../packet/heartbeat.ts';

/** Of the heartbeats that name all who are heard, with as many nodes as are ever remembered and the longest names. */
const MOST_TURNS = 8;

/**
 * What this node believes of a peer on one segment.
 * - `uncounted`: heard, but it has not yet shown that it hears us
 * - `alive`: hears us and is heard
 * - `suspect`: silent, or no longer hearing us, for two intervals; being asked on the wire
 * - `proven`: its heartbeats are missing, but it answers our probes with a proof of life
 * - `witnessed`: its heartbeats don't come here, but to a peer that is heard (network rule 4)
 * - `restarting`: said so before it went; its kernel still answers, its IPs stay with it
 * - `dead`
 */
export type PeerPhase =
  | 'uncounted'
  | 'alive'
  | 'suspect'
  | 'proven'
  | 'witnessed'
  | 'restarting'
  | 'dead';

/** What a person is shown of a peer: what it says of itself while it is heard, else what is believed of it. */
export function shownState({ phase, state }: Pick<Peer, 'phase' | 'state'>): string {
  return phase === 'alive' ? state : phase;
}

/** Times are the clock's milliseconds; `-Infinity` where something never happened. */
export interface Peer {
  readonly node: string;
  /** `shortId` of the node. */
  readonly id: string;
  phase: PeerPhase;
  incarnation: string;
  sequence: number;
  /** Heartbeats that were sent, as later ones tell, and did not come; of those nobody has been told yet. */
  missed: number;
  /** A new incarnation that has not listed us yet. */
  pending: { incarnation: string; sequence: number; since: number; heardAt: number } | undefined;
  mac: MacAddress;
  intervalMs: number;
  state: NodeState;
  failedGates: Gates;
  /** Its reachability probes are answered. */
  reaches: boolean;
  revision: number;
  /** When the revision was last another one than before. */
  revisionAt: number;
  addresses: readonly IpAddress[];
  deaf: boolean;
  heard: ReadonlySet<string>;
  covered: readonly string[];
  witnessed: ReadonlySet<string>;
  /** Last frame of the counted incarnation. */
  heardAt: number;
  /** Last such frame that said that our incarnation is heard. */
  listedUsAt: number;
  /** Last such frame that named it. */
  namedUsAt: number;
  /** Which of our incarnations that frame named. */
  listedIncarnation: string;
  /** Since when it says that it is eligible. */
  eligibleSince: number;
  suspectAt: number;
  provenAt: number;
  unprovenAt: number;
  witnessedAt: number;
  nextProbeAt: number;
  /** Network rule 7: one delay of death for a new incarnation. */
  postponedUntil: number;
  restartingUntil: number;
  /** Questions to a restarting peer's kernel since it last gave a sign of life. */
  kernelAsked: number;
}

/** A peer as the first frame of it shows it: not counted. */
export function newPeer(heartbeat: Heartbeat, mac: MacAddress): Peer {
  return {
    node: heartbeat.node,
    id: shortId(heartbeat.node),
    phase: 'uncounted',
    incarnation: '',
    sequence: -1,
    missed: 0,
    pending: undefined,
    ...factsOf(heartbeat, mac),
    // Whatever it says is news.
    revision: -1,
    revisionAt: Number.NEGATIVE_INFINITY,
    heardAt: Number.NEGATIVE_INFINITY,
    listedUsAt: Number.NEGATIVE_INFINITY,
    namedUsAt: Number.NEGATIVE_INFINITY,
    listedIncarnation: '',
    eligibleSince: Number.POSITIVE_INFINITY,
    suspectAt: Number.NEGATIVE_INFINITY,
    provenAt: Number.NEGATIVE_INFINITY,
    unprovenAt: Number.NEGATIVE_INFINITY,
    witnessedAt: Number.NEGATIVE_INFINITY,
    nextProbeAt: Number.POSITIVE_INFINITY,
    postponedUntil: Number.NEGATIVE_INFINITY,
    restartingUntil: Number.NEGATIVE_INFINITY,
    kernelAsked: 0,
  };
}

/** Takes in what a heartbeat says of its sender. */
export function learn(peer: Peer, heartbeat: Heartbeat, mac: MacAddress, now: number): void {
  if (heartbeat.revision !== peer.revision) peer.revisionAt = now;
  Object.assign(peer, factsOf(heartbeat, mac), { heardAt: now });
}

/** Takes in a frame of an incarnation that does not count. @returns since when that one has been heard */
export function heardPending(peer: Peer, heartbeat: Heartbeat, now: number): number {
  const { incarnation, sequence } = heartbeat;
  const since = peer.pending?.incarnation === incarnation ? peer.pending.since : now;
  peer.pending = { incarnation, sequence, since, heardAt: now };
  return since;
}

/** From this frame on, its incarnation is the one that counts. */
export function countIncarnation(peer: Peer, { incarnation, sequence }: Heartbeat): void {
  Object.assign(peer, { incarnation, sequence: sequence - 1, pending: undefined });
}

/** The next frame of the counted incarnation that came: those with numbers between were sent, and did not. */
export function countMissed(peer: Peer, sequence: number): void {
  peer.missed += sequence - peer.sequence - 1;
  peer.sequence = sequence;
}

/** How many of its heartbeats got lost since this was asked last: in the network, or where the kernel had no room. */
export function takeMissed(peer: Peer): number {
  const { missed } = peer;
  peer.missed = 0;
  return missed;
}

function factsOf(heartbeat: Heartbeat, mac: MacAddress) {
  const { intervalMs, state, failedGates, reaches, revision, addresses, deaf, covered } = heartbeat;
  const heard = new Set(heartbeat.heard);
  const witnessed = new Set(heartbeat.witnessed);
  const lists = { covered, heard, witnessed };
  return { mac, intervalMs, state, failedGates, reaches, revision, addresses, deaf, ...lists };
}

/** Whether the peer counts in elections: its IPs are its own. */
export function isCounted({ phase }: Peer): boolean {
  return phase !== 'uncounted' && phase !== 'dead';
}

/**
 * Whether a heartbeat of the peer says that our incarnation is heard: it names it, or is one of several that name all in
 * turn, of which another one did.
 */
export function lists(peer: Peer, heartbeat: Heartbeat, own: string, now: number): boolean {
  const { heard, heardInPart, incarnation, intervalMs } = heartbeat;
  if (heard.includes(own)) {
    peer.namedUsAt = now;
    return true;
  }
  const isSame = incarnation === peer.incarnation && peer.listedIncarnation === own;
  return heardInPart && isSame && now - peer.namedUsAt < MOST_TURNS * intervalMs;
}

/** Takes in that a frame of the counted incarnation says so of our incarnation. */
export function listedUs(peer: Peer, own: string, now: number): void {
  const isEligible = peer.state === 'eligible';
  Object.assign(peer, {
    listedUsAt: now,
    listedIncarnation: own,
    eligibleSince: isEligible ? Math.min(peer.eligibleSince, now) : Number.POSITIVE_INFINITY,
    postponedUntil: Number.NEGATIVE_INFINITY,
  });
}

/** We begin anew. Its incarnation stays known: its sequence goes on, but it has to list the new us first. */
export function uncount(peer: Peer): void {
  if (peer.phase !== 'dead') peer.phase = 'uncounted';
  peer.listedUsAt = Number.NEGATIVE_INFINITY;
  peer.pending = undefined;
}

/** A heartbeat of it that is no recorded one came at this time. */
export function wasHeardAt({ heardAt, pending }: Peer, time: number): boolean {
  return heardAt === time || pending?.heardAt === time;
}

/** All that elections look at, for comparison. */
export function electedBy({ phase, state, failedGates, addresses }: Peer): string {
  return `${phase} ${state} ${failedGates.dataplane} ${failedGates.reachability} ${addresses}`;
}

/** Eligible for longer than nodes that start together differ: it has been serving while we were away. */
export function hasServed(
  { eligibleSince, intervalMs }: Peer,
  multiplier: number,
  now: number,
): boolean {
  return now - eligibleSince >= (intervalMs * multiplier) / 2;
}

/** How long the peer has been silent or has not named us, whichever is longer. */
export function missingMs(peer: Peer, now: number): number {
  return now - Math.min(peer.heardAt, peer.listedUsAt);
}

/** When it was last known to be there, by whatever sign: the beginning of the time that clients were not answered. */
export function lastSignAt(peer: Peer): number {
  const namedUsAt = Math.min(peer.heardAt, peer.listedUsAt);
  return Math.max(namedUsAt, peer.provenAt, peer.witnessedAt);
}
