import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import { Backoff } from '../time/backoff.ts';
import { probe } from './announcement.ts';
import type { Claim } from './claim.ts';
import { DueQueue } from './due-queue.ts';
import type { Pacing } from './pacing.ts';

const PROBES = 3; // RFC 5227 §1.1 PROBE_NUM
/** Three probes and the wait after the last make 200 ms. */
const PROBE_GAP_MS = 200 / PROBES;
const RETRY_AFTER_MS = 10_000;
const MAX_RETRY_AFTER_MS = 60_000; // RFC 5227 §1.1 RATE_LIMIT_INTERVAL

/** Whether an IP is answered while it is asked for. */
export type ProbeMode = 'optimistic' | 'full';

/**
 * - `optimistic`: answered, with O=0
 * - `full`: not answered before it is known that nobody else does
 * - `vetoed`: a foreign host has it; not answered, also while it is asked for again
 * - `withheld`: nobody has it, and yet it is not ours to take; asked for again like a vetoed one
 */
export type ProbeState = ProbeMode | 'vetoed' | 'withheld';

export interface AddressProbesOptions {
  readonly mac: MacAddress;
  /** Nodes of the group are no foreigners. */
  readonly isPeer: (mac: MacAddress) => boolean;
  /** Whether an IP that nobody answers for may be answered here from now on. */
  readonly mayTake: (ip: IpAddress) => boolean;
}

/** What `step` wants done. */
export interface ProbeRound {
  readonly frames: readonly Uint8Array[];
  /** No foreign host has these. */
  readonly clear: readonly IpAddress[];
}

interface Attempt {
  readonly ip: IpAddress;
  readonly backoff: Backoff;
  state: ProbeState;
  probesSent: number;
  /** A node of the group answers for it. */
  servedByPeer: boolean;
  active: boolean;
}

/**
 * Asks whether anybody holds an IP before it is announced (RFC 5227 §2.1.1), if it may be while it is answered already
 * (RFC 4429). A foreign claim vetoes it; it is asked for again later, each time after a longer wait.
 * Invariant: every active attempt is in `#due` once.
 */
export class AddressProbes {
  readonly #pacing: Pacing;
  readonly #random: () => number;
  readonly #options: AddressProbesOptions;
  readonly #attempts = new Map<IpAddress, Attempt>();
  readonly #due = new DueQueue<Attempt>(({ active }) => active);
  #now = 0;

  /** @param random uniform in [0, 1) */
  constructor(pacing: Pacing, random: () => number, options: AddressProbesOptions) {
    this.#pacing = pacing;
    this.#random = random;
    this.#options = options;
  }

  begin(ip: IpAddress, mode: ProbeMode, now: number): void {
    this.#now = now;
    this.cancel(ip);
    const backoff = new Backoff(this.#random, {
      initialMs: RETRY_AFTER_MS,
      maximumMs: MAX_RETRY_AFTER_MS,
    });
    const attempt = { ip, backoff, state: mode, probesSent: 0, servedByPeer: false, active: true };
    this.#schedule(attempt, now);
  }

  /** For an IP that is given up, or that a person forces. */
  cancel(ip: IpAddress): void {
    const attempt = this.#attempts.get(ip);
    if (attempt === undefined) return;
    attempt.active = false;
    this.#attempts.delete(ip);
  }

  /** Undefined for IPs that are not, or no longer, being probed. */
  state(ip: IpAddress): ProbeState | undefined {
    return this.#attempts.get(ip)?.state;
  }

  get withheld(): IpAddress[] {
    return [...this.#attempts.values()].flatMap(({ ip, state }) =>
      state === 'withheld' ? [ip] : [],
    );
  }

  /** @returns whether this claim has just vetoed the IP */
  observe(claim: Claim, now: number): boolean {
    this.#now = now;
    const attempt = this.#attempts.get(claim.ip);
    if (attempt === undefined || claim.mac === this.#options.mac) return false;
    if (this.#options.isPeer(claim.mac)) {
      attempt.servedByPeer = true;
      return false;
    }
    // Between attempts a foreign host's frames say nothing new.
    if (attempt.state === 'vetoed' && attempt.probesSent === 0) return false;
    this.#askLater(attempt, 'vetoed');
    return true;
  }

  #askLater(attempt: Attempt, state: 'vetoed' | 'withheld'): void {
    attempt.active = false;
    const later = { ...attempt, state, probesSent: 0, servedByPeer: false, active: true };
    this.#schedule(later, this.#now + attempt.backoff.nextDelayMs());
  }

  step(now: number): ProbeRound {
    this.#now = now;
    const frames: Uint8Array[] = [];
    const clear: IpAddress[] = [];
    for (let next = this.#due.peek(); next !== undefined; next = this.#due.peek()) {
      if (next.at > now) break;
      const attempt = next.item;
      const asked = attempt.probesSent === PROBES;
      if (!asked && !this.#pacing.tryTake('background', now)) break;
      this.#due.pop();
      if (asked) {
        if (this.#isClear(attempt)) clear.push(attempt.ip);
      } else {
        frames.push(probe(attempt.ip, this.#options.mac));
        attempt.probesSent += 1;
        this.#due.push(now + PROBE_GAP_MS, attempt);
      }
    }
    return { frames, clear };
  }

  /** What is optimistic has been answered already, and a node of the group that answers knows that it is ours. */
  #isClear(attempt: Attempt): boolean {
    const { ip, state, servedByPeer } = attempt;
    const isClear = state === 'optimistic' || servedByPeer || this.#options.mayTake(ip);
    if (isClear) this.#attempts.delete(ip);
    else this.#askLater(attempt, 'withheld');
    return isClear;
  }

  /** When `step` has something to do again; undefined while nothing is probed. */
  nextDeadline(): number | undefined {
    const next = this.#due.peek();
    if (next === undefined) return undefined;
    const waitMs =
      next.item.probesSent === PROBES ? 0 : this.#pacing.waitMs('background', this.#now);
    return Math.max(next.at, this.#now + waitMs);
  }

  #schedule(attempt: Attempt, at: number): void {
    this.#attempts.set(attempt.ip, attempt);
    this.#due.push(at, attempt);
  }
}
