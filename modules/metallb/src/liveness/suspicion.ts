import { missingMs, type Peer } from './peer.ts';

/** What the judge knows besides the peer. Times are the clock's milliseconds. */
export interface Evidence {
  readonly now: number;
  readonly multiplier: number;
  readonly lastForeignFrameAt: number;
  readonly deafEndedAt: number;
  /** A peer that is heard hears the one that is judged (network rule 4). */
  readonly isWitnessed: () => boolean;
}

/** `deaf`: the peer would be dead, had we received anything at all. */
export type Verdict = 'unchanged' | 'dead' | 'deaf';

const SUSPECT_AFTER_INTERVALS = 2;
/** An answer without proof may come from a switch's cache: it delays death by this and no more (network rule 1). */
const UNPROVEN_DELAY_MS = 1_000;
/** A proven peer is asked every second; this long after its last proof its silence is death. */
const PROOF_LASTS_MS = 1_300;
/**
 * The kernel of a restarting peer is asked every 100 ms, and three answers may be lost. Questions are counted and not
 * time: a judge that was kept from asking has heard nothing worth a death.
 */
const KERNEL_QUESTIONS = 4;

/** Of a peer that is heard and names us. */
export function phaseWhenHeard(
  peer: Peer,
  restartGraceMs: number,
  now: number,
): 'alive' | 'restarting' {
  if (peer.state === 'restarting') {
    if (peer.phase !== 'restarting') {
      Object.assign(peer, { restartingUntil: now + restartGraceMs, nextProbeAt: now });
    }
    peer.kernelAsked = 0;
    return 'restarting';
  }
  if (peer.phase === 'restarting' && peer.state === 'starting') {
    peer.kernelAsked = 0;
    return 'restarting';
  }
  return 'alive';
}

/** Moves the peer's phase as time passes: suspicion at two missed intervals, death at `multiplier` of them. */
export function judge(peer: Peer, evidence: Evidence): Verdict {
  if (peer.phase === 'restarting') return judgeRestarting(peer, evidence.now);
  if (peer.phase === 'alive') return suspect(peer, evidence.now);
  if (!isAsked(peer)) return 'unchanged';
  const missing = missingMs(peer, evidence.now);
  if (missing < peer.intervalMs * SUSPECT_AFTER_INTERVALS) {
    peer.phase = 'alive';
    return 'unchanged';
  }
  if (missing < peer.intervalMs * evidence.multiplier) return 'unchanged';
  return judgeSilence(peer, evidence, missing);
}

/** Overdue, and nothing at all has been received since it was suspected. */
export function isDeafTo(peer: Peer, { now, multiplier, lastForeignFrameAt }: Evidence): boolean {
  const isOverdue = missingMs(peer, now) >= peer.intervalMs * multiplier;
  return peer.phase === 'suspect' && isOverdue && lastForeignFrameAt <= peer.suspectAt;
}

/** Missing, and asked on the wire whether it is there. */
export function isAsked({ phase }: Peer): boolean {
  return phase === 'suspect' || phase === 'proven' || phase === 'witnessed';
}

/** When the peer has to be judged or asked next, if nothing is heard of it before. */
export function judgementDue(peer: Peer, multiplier: number, now: number): number {
  const missing = missingMs(peer, now);
  if (peer.phase === 'alive') return now - missing + SUSPECT_AFTER_INTERVALS * peer.intervalMs;
  if (peer.phase === 'restarting') return Math.min(peer.nextProbeAt, peer.restartingUntil);
  if (!isAsked(peer)) return Number.POSITIVE_INFINITY;
  const deathAt = now - missing + multiplier * peer.intervalMs;
  return deathAt > now ? Math.min(peer.nextProbeAt, deathAt) : peer.nextProbeAt;
}

function suspect(peer: Peer, now: number): Verdict {
  if (missingMs(peer, now) < peer.intervalMs * SUSPECT_AFTER_INTERVALS) return 'unchanged';
  Object.assign(peer, { phase: 'suspect', suspectAt: now, nextProbeAt: now });
  Object.assign(peer, { provenAt: Number.NEGATIVE_INFINITY, unprovenAt: Number.NEGATIVE_INFINITY });
  return 'unchanged';
}

function judgeRestarting(peer: Peer, now: number): Verdict {
  const canBeAsked = peer.addresses.length > 0;
  const isOverdue = peer.kernelAsked >= KERNEL_QUESTIONS && now >= peer.nextProbeAt;
  const kernelSilent = canBeAsked && isOverdue;
  return kernelSilent || now > peer.restartingUntil ? 'dead' : 'unchanged';
}

function judgeSilence(peer: Peer, evidence: Evidence, missing: number): Verdict {
  const { now, multiplier, deafEndedAt } = evidence;
  if (now - peer.provenAt <= PROOF_LASTS_MS) {
    peer.phase = 'proven';
    return 'unchanged';
  }
  const detectionMs = peer.intervalMs * multiplier;
  if (isVouchedFor(peer, evidence, detectionMs)) return 'unchanged';
  const unproven = peer.unprovenAt > peer.suspectAt && missing < detectionMs + UNPROVEN_DELAY_MS;
  if (unproven) return 'unchanged';
  if (isDeafTo(peer, evidence)) return 'deaf';
  // Heartbeats that were held back with everything else need one interval to arrive.
  if (deafEndedAt > peer.suspectAt && now < deafEndedAt + peer.intervalMs) return 'unchanged';
  return postponed(peer, now, detectionMs) ? 'unchanged' : 'dead';
}

/** Once a peer's word has counted, it does so for a detection time: heartbeats to that peer get lost, too. */
function isVouchedFor(peer: Peer, { now, isWitnessed }: Evidence, detectionMs: number): boolean {
  if (isWitnessed()) Object.assign(peer, { phase: 'witnessed', witnessedAt: now });
  return peer.phase === 'witnessed' && now - peer.witnessedAt < detectionMs;
}

/** Network rule 7: an unseen incarnation of a live node is a restarted wire; it gets one more detection time, once. */
function postponed(peer: Peer, now: number, detectionMs: number): boolean {
  const isRestarted = peer.pending !== undefined && now - peer.pending.since < detectionMs;
  if (peer.postponedUntil === Number.NEGATIVE_INFINITY && isRestarted) {
    peer.postponedUntil = now + detectionMs;
  }
  return now < peer.postponedUntil;
}
