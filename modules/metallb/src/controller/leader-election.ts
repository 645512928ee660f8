import type { LeaseRecord, StoredLease } from '../store/lease.ts';

export interface ElectionOptions {
  /** Who this replica is; no other process may ever have the same. */
  readonly identity: string;
  /** How long others wait after the last renewal that they saw. */
  readonly durationMs: number;
  /** How long after its last renewal a leader still leads; what is left of `durationMs` is the safety margin. */
  readonly renewDeadlineMs: number;
}

/** What to do with the Lease next. */
export type ElectionAction =
  | { readonly do: 'read' }
  | { readonly do: 'create'; readonly record: LeaseRecord }
  | ReplaceLease
  /** The attempt is over; the next one is due at the latest after this time. */
  | { readonly do: 'wait'; readonly atMostMs: number };

export interface ReplaceLease {
  readonly do: 'replace';
  readonly version: string;
  readonly record: LeaseRecord;
}

/** Both clocks of this machine at one moment. */
export interface Moment {
  readonly nowMs: number;
  readonly epochMs: number;
}

/**
 * The Lease as this replica last saw it, and since when it has been so. `seenBefore`: it was deleted. `madeAnew`: it was,
 * and Helm has made another that nobody has held yet.
 */
type Observed =
  | { readonly kind: 'absent'; readonly sinceMs: number; readonly seenBefore: boolean }
  | {
      readonly kind: 'present';
      readonly sinceMs: number;
      readonly lease: StoredLease;
      readonly madeAnew: boolean;
    };

const NEVER_SEEN: Observed = { kind: 'absent', sinceMs: 0, seenBefore: false };

/**
 * One replica's side of the election: whoever holds the Lease leads. As in client-go, a renewal counts from the moment
 * at which this replica saw it, by its own monotonic clock; the times in the Lease are not read.
 *
 * Invariant: a replica leads only until `renewDeadlineMs` after it *sent* its last renewal, and another one takes the
 * Lease no sooner than `durationMs` after it *saw* that renewal: two never lead at once.
 */
export class LeaderElection {
  readonly #options: ElectionOptions;
  #observed: Observed = NEVER_SEEN;
  /** When the last successful write as holder was sent; undefined while this replica does not lead. */
  #renewedAt: Moment | undefined;
  #terms = 0;
  /** Nobody else has held the Lease since this replica began to lead. */
  #isUnbroken = false;
  /** The Lease is at the version that was seen, for all this replica knows. */
  #isCurrent = false;
  #hasWritten = false;

  constructor(options: ElectionOptions) {
    this.#options = options;
  }

  /** How long this replica leads without another renewal; 0 when it does not. */
  leadsForMs({ nowMs, epochMs }: Moment): number {
    if (this.#renewedAt === undefined) return 0;
    // The monotonic clock of a machine that was suspended has missed what its wall clock tells.
    const elapsedMs = Math.max(nowMs - this.#renewedAt.nowMs, epochMs - this.#renewedAt.epochMs);
    return Math.max(0, this.#options.renewDeadlineMs - elapsedMs);
  }

  /**
   * The number of this replica's term; undefined when it has none. A term goes on while nobody else holds the Lease, also
   * through times in which it could not be renewed and nothing may be written.
   */
  get term(): number | undefined {
    return this.#isUnbroken ? this.#terms : undefined;
  }

  /** Who holds the Lease as far as is known, for people; undefined when nobody does. */
  get holder(): string | undefined {
    return this.#lease?.holder || undefined;
  }

  /** Another attempt begins, to renew the Lease or to get it. */
  begin(moment: Moment): void {
    this.#hasWritten = false;
    if (!this.#leads(moment)) this.#isCurrent = false;
  }

  next(moment: Moment): ElectionAction {
    if (this.#hasWritten) return { do: 'wait', atMostMs: this.#options.durationMs };
    if (!this.#isCurrent) return { do: 'read' };
    const atMostMs = this.#leads(moment) ? 0 : this.#freeInMs(moment.nowMs);
    return atMostMs > 0 ? { do: 'wait', atMostMs } : this.#take(moment);
  }

  /** The answer to `read`. */
  read(lease: StoredLease | undefined, { nowMs }: Moment): void {
    this.#observe(lease, nowMs);
    if (lease?.holder === this.#options.identity) return;
    this.#isUnbroken = false;
    // One that was deleted is this leader's to make anew, or to take where Helm was faster.
    if (lease !== undefined && !isUntouched(lease)) this.#renewedAt = undefined;
  }

  /** The write that `next` asked for was sent at `sentAt` and succeeded. */
  written(lease: StoredLease, sentAt: Moment): void {
    this.#observe(lease, sentAt.nowMs);
    this.#hasWritten = true;
    if (!this.#isUnbroken) this.#terms += 1;
    this.#isUnbroken = true;
    this.#renewedAt = sentAt;
  }

  /** The write was refused: somebody else wrote, created or deleted the Lease. */
  overtaken(): void {
    this.#isCurrent = false;
  }

  /** Leads no more from here on. @returns how to tell the others; undefined where the Lease is not held */
  release(moment: Moment): ReplaceLease | undefined {
    const held = this.#isUnbroken ? this.#lease : undefined;
    this.#renewedAt = undefined;
    this.#isUnbroken = false;
    if (held === undefined) return undefined;
    const record = { ...recordOf(held), holder: '', renewedEpochMs: moment.epochMs };
    return { do: 'replace', version: held.version, record };
  }

  get #lease(): StoredLease | undefined {
    return this.#observed.kind === 'present' ? this.#observed.lease : undefined;
  }

  #leads(moment: Moment): boolean {
    if (this.leadsForMs(moment) === 0) this.#renewedAt = undefined;
    return this.#renewedAt !== undefined;
  }

  #take(moment: Moment): ElectionAction {
    const { identity: holder, durationMs } = this.#options;
    const { epochMs } = moment;
    const lease = this.#lease;
    const taken = { holder, durationMs, acquiredEpochMs: epochMs, renewedEpochMs: epochMs };
    if (lease === undefined) return { do: 'create', record: { ...taken, transitions: 0 } };
    const { version, acquiredEpochMs } = lease;
    const transitions = lease.transitions + Number(lease.holder !== holder);
    const renewed = this.#leads(moment) ? { ...taken, acquiredEpochMs } : taken;
    return { do: 'replace', version, record: { ...renewed, transitions } };
  }

  #freeInMs(nowMs: number): number {
    const { identity, durationMs } = this.#options;
    const observed = this.#observed;
    if (observed.kind === 'absent') {
      // It was deleted under a holder who may not know yet.
      return observed.seenBefore ? Math.max(0, observed.sinceMs + durationMs - nowMs) : 0;
    }
    const { holder, durationMs: itsDurationMs = durationMs } = observed.lease;
    if (holder === identity || (holder === '' && !observed.madeAnew)) return 0;
    return Math.max(0, observed.sinceMs + itsDurationMs - nowMs);
  }

  /** Every new version counts as a renewal: that is never too short. */
  #observe(lease: StoredLease | undefined, sinceMs: number): void {
    const before = this.#observed;
    this.#isCurrent = true;
    if (lease === undefined) {
      if (before.kind === 'present') this.#observed = { kind: 'absent', sinceMs, seenBefore: true };
    } else if (before.kind === 'absent' || before.lease.version !== lease.version) {
      const wasThere = before.kind === 'present' || before.seenBefore;
      const wasTouched = before.kind === 'absent' || before.madeAnew || !isUntouched(before.lease);
      const madeAnew = isUntouched(lease) && wasThere && wasTouched;
      this.#observed = { kind: 'present', lease, sinceMs, madeAnew };
    }
  }
}

/** As the chart renders it: whoever has held a Lease leaves its duration there. */
function isUntouched({ holder, durationMs }: StoredLease): boolean {
  return holder === '' && durationMs === undefined;
}

function recordOf({ version: _, ...record }: StoredLease): LeaseRecord {
  return record;
}
