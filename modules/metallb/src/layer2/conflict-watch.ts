import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import type { Claim } from './claim.ts';
import { DueQueue } from './due-queue.ts';
import type { Pacing } from './pacing.ts';

const DEFEND_INTERVAL_MS = 10_000; // RFC 5227 §1.1
/** A host that takes an IP need not tell anybody: it may answer whoever asks, and nobody else hears that. */
const ASK_EVERY_MS = 60_000;
/** While somebody else has the IP. */
const ASK_IN_CONFLICT_EVERY_MS = 10_000;
/** Three questions without an answer. */
const OVER_AFTER_MS = 30_000;

interface Conflict {
  readonly mac: MacAddress;
  readonly seenAt: number;
  readonly defendedAt: number;
}

interface Watched {
  readonly ip: IpAddress;
  conflict: Conflict | undefined;
  active: boolean;
}

export type ConflictAction =
  /** A foreign host has begun to claim the IP, or another one does. */
  | { readonly kind: 'report'; readonly ip: IpAddress; readonly mac: MacAddress }
  /** Announce the IP again. */
  | { readonly kind: 'defend'; readonly ip: IpAddress }
  /** Ask the segment who has the IP. */
  | { readonly kind: 'ask'; readonly ip: IpAddress }
  /** Nobody foreign claims it any more. */
  | { readonly kind: 'over'; readonly ip: IpAddress };

/**
 * Watches one segment for foreign hosts that have IPs of ours (network rule 21): each is reported once and answered
 * by an announcement at most every ten seconds (RFC 5227 §2.4 (c)), so that two hosts never fight in a loop.
 * Invariant: every IP that is watched is in `#due` once.
 */
export class ConflictWatch {
  readonly #pacing: Pacing;
  readonly #isPeer: (mac: MacAddress) => boolean;
  readonly #watched = new Map<IpAddress, Watched>();
  readonly #due = new DueQueue<Watched>(({ active }) => active);
  #now = 0;

  /** @param isPeer whether a node of ours has had this address in the last 60 s; our own included */
  constructor(pacing: Pacing, isPeer: (mac: MacAddress) => boolean) {
    this.#pacing = pacing;
    this.#isPeer = isPeer;
  }

  /** This node announces the IP from now on, or goes on to. */
  watch(ip: IpAddress, now: number): void {
    this.#now = now;
    if (this.#watched.has(ip)) return;
    this.#schedule({ ip, conflict: undefined, active: true });
  }

  /** This node does not announce the IP any longer. */
  forget(ip: IpAddress): ConflictAction[] {
    const watched = this.#watched.get(ip);
    if (watched === undefined) return [];
    watched.active = false;
    this.#watched.delete(ip);
    return watched.conflict === undefined ? [] : [{ kind: 'over', ip }];
  }

  observe({ ip, mac }: Claim, now: number): ConflictAction[] {
    this.#now = now;
    const watched = this.#watched.get(ip);
    if (watched === undefined || this.#isPeer(mac)) return [];
    const { conflict } = watched;
    const mayDefend = conflict === undefined || now - conflict.defendedAt >= DEFEND_INTERVAL_MS;
    const actions: ConflictAction[] = [];
    if (conflict?.mac !== mac) actions.push({ kind: 'report', ip, mac });
    if (mayDefend) actions.push({ kind: 'defend', ip });
    watched.conflict = { mac, seenAt: now, defendedAt: mayDefend ? now : conflict.defendedAt };
    if (conflict === undefined) this.#askSooner(watched);
    return actions;
  }

  /** Asks what is to be asked, and ends conflicts that nobody has renewed. */
  step(now: number): ConflictAction[] {
    this.#now = now;
    const actions: ConflictAction[] = [];
    for (let next = this.#due.peek(); next !== undefined; next = this.#due.peek()) {
      const { at, item } = next;
      if (at > now || !this.#pacing.tryTake('background', now)) break;
      if (item.conflict !== undefined && now - item.conflict.seenAt >= OVER_AFTER_MS) {
        item.conflict = undefined;
        actions.push({ kind: 'over', ip: item.ip });
      }
      actions.push({ kind: 'ask', ip: item.ip });
      this.#due.pop();
      this.#schedule(item);
    }
    return actions;
  }

  /** When `step` has something to do; undefined while nothing is watched. */
  nextDeadline(): number | undefined {
    const next = this.#due.peek();
    return next && Math.max(next.at, this.#now + this.#pacing.waitMs('background', this.#now));
  }

  #askSooner(watched: Watched): void {
    watched.active = false;
    this.#schedule({ ...watched, active: true });
  }

  #schedule(watched: Watched): void {
    this.#watched.set(watched.ip, watched);
    const pauseMs = watched.conflict === undefined ? ASK_EVERY_MS : ASK_IN_CONFLICT_EVERY_MS;
    this.#due.push(this.#now + pauseMs, watched);
  }
}
