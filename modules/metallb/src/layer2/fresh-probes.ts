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

/** `optimistic` IPs are answered, with O=0; `vetoed` ones are not, also while they are probed again. */
export type FreshState = 'optimistic' | 'vetoed';

export interface FreshProbesOptions {
  readonly mac: MacAddress;
  /** Nodes of the group are no foreigners. */
  readonly isPeer: (mac: MacAddress) => boolean;
}

/** What `step` wants done. */
export interface ProbeRound {
  readonly frames: readonly Uint8Array[];
  /** Nobody else has these: they are to be announced. */
  readonly clear: readonly IpAddress[];
}

interface Attempt {
  readonly ip: IpAddress;
  readonly backoff: Backoff;
  state: FreshState;
  probesSent: number;
  active: boolean;
}

/**
 * Asks whether anybody holds an IP that this group never announced, while it is answered already (RFC 4429). A foreign
 * claim vetoes it; it is asked for again later, each time after a longer wait.
 * Invariant: every active attempt is in `#due` once.
 */
export class FreshProbes {
  readonly #pacing: Pacing;
  readonly #random: () => number;
  readonly #options: FreshProbesOptions;
  readonly #attempts = new Map<IpAddress, Attempt>();
  readonly #due = new DueQueue<Attempt>(({ active }) => active);
  #now = 0;

  /** @param random uniform in [0, 1) */
  constructor(pacing: Pacing, random: () => number, options: FreshProbesOptions) {
    this.#pacing = pacing;
    this.#random = random;
    this.#options = options;
  }

  begin(ip: IpAddress, now: number): void {
    this.#now = now;
    this.cancel(ip);
    const backoff = new Backoff(this.#random, {
      initialMs: RETRY_AFTER_MS,
      maximumMs: MAX_RETRY_AFTER_MS,
    });
    this.#schedule({ ip, backoff, state: 'optimistic', probesSent: 0, active: true }, now);
  }

  /** For an IP that is given up, or that a person forces. */
  cancel(ip: IpAddress): void {
    const attempt = this.#attempts.get(ip);
    if (attempt === undefined) return;
    attempt.active = false;
    this.#attempts.delete(ip);
  }

  /** Undefined for IPs that are not, or no longer, being probed. */
  state(ip: IpAddress): FreshState | undefined {
    return this.#attempts.get(ip)?.state;
  }

  /** @returns whether this claim has just vetoed the IP */
  observe(claim: Claim, now: number): boolean {
    this.#now = now;
    const attempt = this.#attempts.get(claim.ip);
    if (attempt === undefined || claim.mac === this.#options.mac) return false;
    if (this.#options.isPeer(claim.mac)) return false;
    // Between attempts a foreign host's frames say nothing new.
    if (attempt.state === 'vetoed' && attempt.probesSent === 0) return false;
    attempt.active = false;
    const vetoed: Attempt = { ...attempt, state: 'vetoed', probesSent: 0, active: true };
    this.#schedule(vetoed, now + attempt.backoff.nextDelayMs());
    return true;
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
        clear.push(attempt.ip);
        this.#attempts.delete(attempt.ip);
      } else {
        frames.push(probe(attempt.ip, this.#options.mac));
        attempt.probesSent += 1;
        this.#due.push(now + PROBE_GAP_MS, attempt);
      }
    }
    return { frames, clear };
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
