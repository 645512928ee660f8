import { Backoff } from '../time/backoff.ts';
import type { FsmOptions, FsmPhase, FsmState, StepOptions } from './fsm.ts';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 120_000;
/** A session that ends sooner is one more attempt that came to nothing: else two sides that disagree would never rest. */
const STABLE_MS = 30_000;

/** RFC 4271 §10: nodes don't come to a router in step, neither to one that was gone nor with what keeps sessions alive. */
const JITTER = 0.25;

/**
 * When the next attempt at a session with a peer may begin: each that comes to nothing makes the next one wait longer, up
 * to a fifth less than it might so that nodes don't act in step (RFC 4271 §10). Times are the clock's milliseconds.
 */
export class Attempts {
  /** After a session or an attempt that has ended; DampPeerOscillations of §8.1.1. */
  readonly #idleHold: Backoff;
  /** After a connection that was lost before the peer had said anything: a router closes it while it still clears up. */
  readonly #connectRetry: Backoff;
  readonly #options: FsmOptions;
  readonly #random: () => number;
  #startAt = 0;
  #count = 0;
  #establishedAt = 0;

  /** @param random uniform in [0, 1) */
  constructor(options: FsmOptions, random: () => number) {
    const { connectRetryMs: maximumMs } = options;
    const initialMs = Math.min(FIRST_PAUSE_MS, maximumMs);
    this.#options = options;
    this.#random = random;
    this.#idleHold = new Backoff(random, {
      initialMs: FIRST_PAUSE_MS,
      maximumMs: LONGEST_PAUSE_MS,
    });
    this.#connectRetry = new Backoff(random, { initialMs, maximumMs });
  }

  /** ConnectRetryCounter of §8.1.1: how many in a row came to nothing. */
  get count(): number {
    return this.#count;
  }

  /** Not before. */
  get startAt(): number {
    return this.#startAt;
  }

  /** Somebody wants a session from now on, whatever came to nothing before. */
  beginAnew(now: number): void {
    this.#startAt = now;
    this.#forgetPauses();
  }

  /** What the next step goes by: a timer that it starts runs for a little less than the last one, or a little more. */
  nextOptions(): StepOptions {
    return { ...this.#options, share: 1 - this.#random() * JITTER };
  }

  /** @returns until the peer is tried again that has closed a connection before it said anything */
  nextRetryMs(): number {
    return this.#connectRetry.nextDelayMs();
  }

  established(now: number): void {
    this.#establishedAt = now;
    this.#connectRetry.reset();
  }

  /** How long there has been the session. */
  sessionMs(now: number): number {
    return now - this.#establishedAt;
  }

  /** An attempt, or the session that `before` was. */
  ended(before: FsmPhase, { connectRetryCounter }: FsmState, now: number): void {
    const isStable = before === 'Established' && this.sessionMs(now) >= STABLE_MS;
    this.#count = isStable ? 0 : connectRetryCounter;
    if (isStable) this.#forgetPauses();
  }

  /** Nothing is under way any more. */
  pause(now: number): void {
    this.#startAt = now + this.#idleHold.nextDelayMs();
  }

  #forgetPauses(): void {
    this.#idleHold.reset();
    this.#connectRetry.reset();
  }
}
