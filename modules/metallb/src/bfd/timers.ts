/** What one side asks for. */
export interface BfdTimers {
  /** How often it would like to send, bfd.DesiredMinTxInterval. */
  readonly desiredMinTxMs: number;
  /** How often it can take a packet, bfd.RequiredMinRxInterval. */
  readonly requiredMinRxMs: number;
  /** So many packets in a row may be missing, bfd.DetectMult. */
  readonly detectMultiplier: number;
}

type Intervals = Pick<BfdTimers, 'desiredMinTxMs' | 'requiredMinRxMs'>;

/** RFC 5880 §6.8.3: "not less than one second" while the session is not Up. */
const SLOW_MS = 1_000;

/**
 * What is told to the peer and what is in force, which differ until the peer has confirmed a change (the Poll Sequence of
 * RFC 5880 §6.5 and §6.8.3): nobody may send less often, or give up earlier, than the other side knows.
 */
export class SessionTimers {
  #configured: BfdTimers;
  #isUp = false;
  #told: Intervals;
  #inForce: Intervals;
  /** `again`: what has changed since the question is asked next, as nobody knows which values an answer is about. */
  #poll: 'none' | 'asking' | 'again' = 'none';

  constructor(configured: BfdTimers) {
    this.#configured = configured;
    this.#told = this.#wanted();
    this.#inForce = this.#told;
  }

  get told(): BfdTimers {
    return { ...this.#told, detectMultiplier: this.#configured.detectMultiplier };
  }

  /** Packets ask the peer to confirm what they tell. */
  get isPolling(): boolean {
    return this.#poll !== 'none';
  }

  /** @param canPoll the peer is known: there is somebody to ask */
  setUp(isUp: boolean, canPoll: boolean): void {
    this.#isUp = isUp;
    this.#change(canPoll);
  }

  /** People want other timers. */
  configure(timers: BfdTimers, canPoll: boolean): void {
    this.#configured = timers;
    this.#change(canPoll);
  }

  /** As another process has left them, which the peer has confirmed. */
  resume(confirmed: Intervals): void {
    this.#isUp = true;
    this.#told = confirmed;
    this.#inForce = confirmed;
    this.#change(true);
  }

  /** The peer has answered with Final. */
  confirmed(): void {
    if (this.#poll === 'asking') this.#inForce = this.#told;
    this.#poll = this.#poll === 'again' ? 'asking' : 'none';
  }

  /** The peer is gone: what it next hears is the first it knows. */
  abandon(): void {
    this.#poll = 'none';
    this.#inForce = this.#told;
  }

  /** Time between two packets of ours, before jitter (§6.8.2). */
  transmitMs(remoteMinRxMs: number): number {
    return Math.max(this.#inForce.desiredMinTxMs, remoteMinRxMs);
  }

  /** How long the peer may be silent (§6.8.4). */
  detectionMs(remote: BfdTimers): number {
    const { detectMultiplier, desiredMinTxMs } = remote;
    return detectMultiplier * Math.max(this.#inForce.requiredMinRxMs, desiredMinTxMs);
  }

  #wanted(): Intervals {
    const { desiredMinTxMs, requiredMinRxMs } = this.#configured;
    const slowest = this.#isUp ? desiredMinTxMs : Math.max(SLOW_MS, desiredMinTxMs);
    return { desiredMinTxMs: slowest, requiredMinRxMs };
  }

  #change(canPoll: boolean): void {
    const wanted = this.#wanted();
    const isSame =
      wanted.desiredMinTxMs === this.#told.desiredMinTxMs &&
      wanted.requiredMinRxMs === this.#told.requiredMinRxMs;
    this.#told = wanted;
    if (!this.#isUp) this.#inForce = wanted;
    this.#inForce = {
      desiredMinTxMs: Math.min(this.#inForce.desiredMinTxMs, wanted.desiredMinTxMs),
      requiredMinRxMs: Math.max(this.#inForce.requiredMinRxMs, wanted.requiredMinRxMs),
    };
    if (!isSame && canPoll) this.#poll = this.isPolling ? 'again' : 'asking';
  }
}
