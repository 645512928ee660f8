import { AlreadyExistsError, ConflictError, NotFoundError } from '../store/errors.ts';
import type { LeaseLock, StoredLease } from '../store/lease.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock, Timer } from '../time/clock.ts';
import {
  type ElectionAction,
  type ElectionOptions,
  LeaderElection,
  type Moment,
} from './leader-election.ts';

export interface LeadershipPorts {
  readonly lease: LeaseLock;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  /** A term begins: what others wrote before is to be read first. */
  readonly onLeading: () => void;
  /** Nothing may be written for the time being: what is on its way must not arrive late. */
  readonly onLapse: () => void;
  /** There is no term, or no longer. Also once after the first attempt that did not make this replica leader. */
  readonly onStandby: () => void;
}

export interface LeadershipOptions extends ElectionOptions {
  /** Time between two attempts, shortened by up to a fifth. */
  readonly retryMs: number;
}

const MIN_PAUSE_MS = 20;

/** Competes for the Lease for as long as it runs. */
export class Leadership {
  readonly #ports: LeadershipPorts;
  readonly #options: LeadershipOptions;
  readonly #election: LeaderElection;
  #role: 'undecided' | 'standby' | 'leading' = 'undecided';
  #term: number | undefined;
  #attempt: Promise<void> | undefined;
  #retry: Timer | undefined;
  #lapse: Timer | undefined;
  #failure: string | undefined;
  #isRunning = false;

  constructor(ports: LeadershipPorts, options: LeadershipOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#election = new LeaderElection(options);
  }

  /** Whether this replica may write at this very moment. */
  get leads(): boolean {
    return this.#election.leadsForMs(this.#moment) > 0;
  }

  /** Who leads as far as is known. */
  get holder(): string | undefined {
    return this.#election.holder;
  }

  /** Idempotent. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#try();
  }

  /** Idempotent. Gives the Lease up, so that another replica need not wait for its end. Call when nothing writes any more. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#retry?.cancel();
    this.#lapse?.cancel();
    await this.#attempt;
    const release = this.#election.release(this.#moment);
    if (this.#role === 'leading') this.#role = 'standby';
    if (release === undefined) return;
    try {
      await this.#ports.lease.replace(release.version, release.record, this.#options.retryMs);
      this.#ports.log.info('lease released');
    } catch (error) {
      this.#ports.log.warn('lease not released, another replica waits for its end', { error });
    }
  }

  get #moment(): Moment {
    return { nowMs: this.#ports.clock.now(), epochMs: this.#ports.clock.epochMs() };
  }

  #try(): void {
    const { clock, random } = this.#ports;
    const startedAt = clock.now();
    const paceMs = this.#options.retryMs * (1 - random() * 0.2);
    this.#attempt = this.#negotiate().then((atMostMs) => {
      this.#settle();
      if (!this.#isRunning) return;
      // Counted from the beginning: a request that hung until its timeout has waited enough.
      const leftMs = Math.max(MIN_PAUSE_MS, startedAt + paceMs - clock.now());
      this.#retry = clock.after(Math.min(leftMs, atMostMs), () => this.#try());
    });
  }

  /** One attempt to renew the Lease or to get it. Never rejects. @returns when the next one is due at the latest */
  async #negotiate(): Promise<number> {
    this.#election.begin(this.#moment);
    try {
      for (;;) {
        const action = this.#election.next(this.#moment);
        if (action.do === 'wait') {
          this.#failure = undefined;
          return action.atMostMs;
        }
        await this.#perform(action);
      }
    } catch (error) {
      this.#tellFailure(error);
      return this.#options.retryMs;
    }
  }

  /** An answer later than the deadline is of no use: what it renews is over by then. */
  async #perform(action: Exclude<ElectionAction, { do: 'wait' }>): Promise<void> {
    const sentAt = this.#moment;
    if (action.do === 'read') {
      const lease = await this.#ports.lease.read(this.#options.renewDeadlineMs);
      this.#election.read(lease, this.#moment);
      return;
    }
    try {
      this.#election.written(await this.#write(action), sentAt);
    } catch (error) {
      if (!isOvertaken(error)) throw error;
      this.#election.overtaken();
    }
  }

  #write(action: Extract<ElectionAction, { do: 'create' | 'replace' }>): Promise<StoredLease> {
    const { lease } = this.#ports;
    if (action.do === 'create') return lease.create(action.record, this.#options.renewDeadlineMs);
    return lease.replace(action.version, action.record, this.#options.renewDeadlineMs);
  }

  /** Brings the role level with what the attempt has come to. */
  #settle(): void {
    const { term } = this.#election;
    if (!this.#isRunning) return;
    if (this.#role === 'leading' && term !== this.#term) this.#follow();
    if (this.#role === 'undecided' && term === undefined) this.#follow();
    if (term === undefined) return;
    this.#watchLapse();
    if (this.#role !== 'leading') this.#lead(term);
  }

  /** Only a word in the log: what may be written is asked at each write. */
  #watchLapse(): void {
    this.#lapse?.cancel();
    const leadsForMs = this.#election.leadsForMs(this.#moment);
    if (leadsForMs === 0) return;
    this.#lapse = this.#ports.clock.after(leadsForMs, () => {
      if (this.leads) return this.#watchLapse();
      this.#ports.log.warn('lease not renewed in time, nothing is written until it is');
      this.#ports.onLapse();
    });
  }

  #lead(term: number): void {
    this.#role = 'leading';
    this.#term = term;
    this.#ports.log.info('leading', { identity: this.#options.identity });
    this.#ports.onLeading();
  }

  #follow(): void {
    const { identity } = this.#options;
    const facts = { identity, holder: this.holder };
    if (this.#role === 'leading') {
      this.#ports.log.warn('leading no more', facts);
      this.#ports.onLapse();
    } else {
      this.#ports.log.info('standing by', facts);
    }
    this.#role = 'standby';
    this.#term = undefined;
    this.#ports.onStandby();
  }

  /** Once for each reason, although it is tried twice a second. */
  #tellFailure(error: unknown): void {
    const failure = String(error);
    if (failure === this.#failure) return;
    this.#failure = failure;
    this.#ports.log.warn('lease not reached, trying again', { error });
  }
}

function isOvertaken(error: unknown): boolean {
  return (
    error instanceof ConflictError ||
    error instanceof AlreadyExistsError ||
    error instanceof NotFoundError
  );
}
