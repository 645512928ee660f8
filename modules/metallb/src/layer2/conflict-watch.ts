import { LRUCache } from 'lru-cache';
import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import type { Claim } from './claim.ts';

const DEFEND_INTERVAL_MS = 10_000; // RFC 5227 §1.1
/** Longer than any host is silent that announces what it has. */
const OVER_AFTER_MS = 300_000;
const MAX_CONFLICTS = 1_024;

interface Conflict {
  readonly ip: IpAddress;
  readonly mac: MacAddress;
  readonly seenAt: number;
  readonly defendedAt: number;
}

export type ConflictAction =
  /** A foreign host has begun to claim the IP, or another one does. */
  | { readonly kind: 'report'; readonly ip: IpAddress; readonly mac: MacAddress }
  /** Announce the IP again. */
  | { readonly kind: 'defend'; readonly ip: IpAddress }
  /** Nobody foreign claims it any more. */
  | { readonly kind: 'over'; readonly ip: IpAddress };

/**
 * Watches one segment for foreign hosts that claim IPs of ours (network rule 21): each is reported once and answered
 * by an announcement at most every ten seconds (RFC 5227 §2.4 (c)), so that two hosts never fight in a loop.
 */
export class ConflictWatch {
  readonly #isPeer: (mac: MacAddress) => boolean;
  /** In order of the last claim. */
  readonly #conflicts = new LRUCache<IpAddress, Conflict>({ max: MAX_CONFLICTS });

  /** @param isPeer whether a node of ours has had this address in the last 60 s; our own included */
  constructor(isPeer: (mac: MacAddress) => boolean) {
    this.#isPeer = isPeer;
  }

  /** For claims to IPs that this node announces. */
  observe({ ip, mac }: Claim, now: number): ConflictAction[] {
    if (this.#isPeer(mac)) return [];
    const known = this.#conflicts.get(ip);
    const mayDefend = known === undefined || now - known.defendedAt >= DEFEND_INTERVAL_MS;
    const actions: ConflictAction[] = known === undefined ? this.#makeRoom() : [];
    if (known?.mac !== mac) actions.push({ kind: 'report', ip, mac });
    if (mayDefend) actions.push({ kind: 'defend', ip });
    const defendedAt = mayDefend ? now : known.defendedAt;
    this.#conflicts.set(ip, { ip, mac, seenAt: now, defendedAt });
    return actions;
  }

  /** For an IP that this node announces no longer. */
  forget(ip: IpAddress): ConflictAction[] {
    return this.#conflicts.delete(ip) ? [{ kind: 'over', ip }] : [];
  }

  /** Ends conflicts that nobody has renewed. */
  step(now: number): ConflictAction[] {
    const actions: ConflictAction[] = [];
    if (this.#conflicts.size === 0) return actions;
    for (const { ip, seenAt } of this.#oldestFirst()) {
      if (now - seenAt < OVER_AFTER_MS) break;
      actions.push({ kind: 'over', ip });
    }
    for (const { ip } of actions) this.#conflicts.delete(ip);
    return actions;
  }

  /** When `step` has something to do; undefined without conflicts. */
  nextDeadline(): number | undefined {
    if (this.#conflicts.size === 0) return undefined;
    const [oldest] = this.#oldestFirst();
    return oldest && oldest.seenAt + OVER_AFTER_MS;
  }

  *#oldestFirst(): Generator<Conflict> {
    for (const conflict of this.#conflicts.rvalues()) if (conflict !== undefined) yield conflict;
  }

  /** What is forgotten for want of room is not left reported for ever. */
  #makeRoom(): ConflictAction[] {
    if (this.#conflicts.size < MAX_CONFLICTS) return [];
    const oldest = this.#conflicts.pop();
    return oldest === undefined ? [] : [{ kind: 'over', ip: oldest.ip }];
  }
}
