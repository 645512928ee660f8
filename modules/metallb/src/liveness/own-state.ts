import type { NodeState } from '../packet/heartbeat.ts';

export interface OwnStateOptions {
  /** Hold-down of a first return; doubles with each further one up to `holdDownMaxMs`. */
  readonly holdDownMs: number;
  readonly holdDownMaxMs: number;
  /** How long a start listens before it takes part. */
  readonly detectionMs: number;
  /** What is known of earlier processes of this node; the clock's time may be negative. */
  readonly returned: Returned;
}

/** How often a node came back within a short time. */
export interface Returned {
  /** 0 for a node that never did. */
  readonly times: number;
  readonly lastAt: number;
}

/** A node that holds down. */
export interface HoldDown extends Returned {
  readonly until: number;
}

/** What the others look like at the end of a start. */
export interface Surroundings {
  /** A peer says that it kept our IPs with us while we restarted. */
  readonly covered: boolean;
  /** Somebody has been serving while we were away. */
  readonly served: boolean;
  /** Somebody is heard who does not hear us: taking part now would double an announcer. */
  readonly unheard: boolean;
}

/** A node that returns within this time of its last return is flapping. */
export const FLAP_MEMORY_MS = 10 * 60_000;
/** Longest wait for peers that don't hear us (a recorded frame must not silence us for ever). */
const UNHEARD_LIMIT_MS = 10_000;

/**
 * What this node says of itself on one segment: starting → (holding-down →) eligible, and leaving or restarting on
 * request. Invariant: `until` is finite exactly in the states that time alone ends.
 */
export class OwnState {
  readonly #options: OwnStateOptions;
  #state: NodeState = 'starting';
  #draining = false;
  #until: number;
  #startedAt: number;
  #returned: Returned;

  /** @param resume the process was away for less than a detection time and goes on where it was */
  constructor(options: OwnStateOptions, now: number, resume: boolean) {
    this.#options = options;
    this.#returned = options.returned;
    this.#startedAt = now;
    this.#until = now + options.detectionMs;
    if (resume) this.#enter('eligible');
  }

  get state(): NodeState {
    return this.#state;
  }

  get holdDown(): HoldDown | undefined {
    if (this.#state !== 'holding-down') return undefined;
    return { ...this.#returned, until: this.#until };
  }

  get deadline(): number {
    return this.#until;
  }

  /** Start anew, as after an interruption that peers may have taken for death. */
  restart(now: number): void {
    this.#startedAt = now;
    this.#enter('starting', now + this.#options.detectionMs);
  }

  setDraining(draining: boolean): void {
    this.#draining = draining;
    if (this.#state === 'restarting') return;
    if (draining && this.#state !== 'leaving') this.#enter('leaving');
    // It was healthy all along: nothing to hold down for.
    if (!draining && this.#state === 'leaving') this.#enter('eligible');
  }

  setRestarting(): void {
    if (this.#state !== 'leaving') this.#enter('restarting');
  }

  /** @returns whether the state changed */
  step(now: number, surroundings: Surroundings): boolean {
    if (now < this.#until) return false;
    if (this.#state === 'holding-down') this.#enter('eligible');
    else if (this.#state === 'starting') this.#endStart(now, surroundings);
    else return false;
    return this.#state !== 'starting';
  }

  #endStart(now: number, { covered, served, unheard }: Surroundings): void {
    if (unheard && now - this.#startedAt < UNHEARD_LIMIT_MS) this.#until = now + 100;
    else if (this.#draining) this.#enter('leaving');
    else if (covered || !served) this.#enter('eligible');
    else this.#enter('holding-down', now + this.#holdDownMs(now));
  }

  #holdDownMs(now: number): number {
    const { times, lastAt } = this.#returned;
    const flaps = now - lastAt < FLAP_MEMORY_MS;
    this.#returned = { times: flaps ? times + 1 : 1, lastAt: now };
    const { holdDownMs, holdDownMaxMs } = this.#options;
    const doubled = holdDownMs * 2 ** (this.#returned.times - 1);
    return Math.min(doubled, Math.max(holdDownMs, holdDownMaxMs));
  }

  #enter(state: NodeState, until = Number.POSITIVE_INFINITY): void {
    this.#state = state;
    this.#until = until;
  }
}
