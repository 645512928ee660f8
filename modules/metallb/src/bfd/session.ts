import { BFD_DIAGNOSTIC, type BfdPacket, type BfdState } from '../packet/bfd.ts';
import { Authentication, type AuthenticationDrop, type BfdKey } from './authentication.ts';
import { afterHearing, type Transition } from './state.ts';
import { type BfdTimers, SessionTimers } from './timers.ts';
import { describeDiagnostic, describeDrop } from './words.ts';

export interface BfdOptions extends BfdTimers {
  /** Says nothing before the peer does (RFC 5880 §6.1). */
  readonly passive: boolean;
  readonly key: BfdKey | undefined;
}

/** What a restarted process must know to go on with a session that is Up: plain data. */
export interface BfdMemory {
  readonly discriminator: number;
  readonly remoteDiscriminator: number;
  readonly remote: BfdTimers;
  /** Of ours, as the peer has confirmed them or is about to. */
  readonly desiredMinTxMs: number;
  readonly requiredMinRxMs: number;
  /** Of the packets that were signed. */
  readonly sequence: number;
}

export type BfdEvent =
  | { readonly type: 'up' }
  /** It was Up: who relies on the path must look for another at once. */
  | { readonly type: 'failed'; readonly why: string }
  /** The peer has shut BFD down, whether it was Up or not: that says nothing of the path (RFC 5882 §3.2). */
  | { readonly type: 'ended'; readonly why: string };

export type BfdAction =
  | { readonly do: 'send'; readonly bytes: Uint8Array }
  | { readonly do: 'tell'; readonly event: BfdEvent }
  /** Where a process that comes after this one finds it; undefined: nothing to go on with. */
  | { readonly do: 'keep'; readonly memory: BfdMemory | undefined };

/** Why a packet of the peer is not taken. */
export type BfdDrop = AuthenticationDrop | 'demand-mode' | 'shut-down';

/** The variables of RFC 5880 §6.8.1 about the other side. */
interface Remote extends BfdTimers {
  /** 0: unknown */
  readonly discriminator: number;
  readonly state: BfdState;
  readonly diagnostic: number;
}

/** §6.8.1: bfd.RemoteMinRxInterval begins with one microsecond. */
const UNKNOWN: Remote = {
  ...{ discriminator: 0, state: 'Down', diagnostic: BFD_DIAGNOSTIC.none },
  ...{ desiredMinTxMs: 0, requiredMinRxMs: 0.001, detectMultiplier: 0 },
};
const NEVER = Number.POSITIVE_INFINITY;
/** §6.8.7: intervals are shortened by up to a quarter, and with a multiplier of 1 by at least a tenth. */
const JITTER = { shortest: 0.75, longest: 1, longestOfOne: 0.9 };
const SILENT = 'nothing has come from the peer yet';

/**
 * One BFD session (RFC 5880 §6) in asynchronous mode, without echoes and never in demand mode. It does no I/O: what
 * happens is told to it, and it answers with what to do. Times are milliseconds of a clock that never goes back.
 *
 * What is received must have come by the right hops: from the link itself (TTL 255, RFC 5881 §5), or with as much TTL
 * left as the peer's distance allows (RFC 5883 §5). Whoever reads the socket sees to it.
 */
export class BfdSession {
  readonly discriminator: number;
  readonly #isPassive: boolean;
  readonly #random: () => number;
  readonly #authentication: Authentication;
  readonly #timers: SessionTimers;
  readonly #resumed: BfdMemory | undefined;
  #isStarted = false;
  #state: BfdState = 'AdminDown';
  #diagnostic: number = BFD_DIAGNOSTIC.none;
  #remote = UNKNOWN;
  #heardAt = NEVER;
  #forgetAt = NEVER;
  #sentAt = NEVER;
  /** How much of an interval the next packet waits. */
  #share = 1;
  #why = 'not started';
  #kept: BfdMemory | undefined;

  /**
   * @param discriminator of no other session of this system, and not 0; the memory's where there is one
   * @param random uniform in [0, 1)
   */
  constructor(
    discriminator: number,
    options: BfdOptions,
    { random, memory }: { readonly random: () => number; readonly memory?: BfdMemory | undefined },
  ) {
    this.discriminator = discriminator;
    this.#isPassive = options.passive;
    this.#random = random;
    this.#resumed = memory?.discriminator === discriminator ? memory : undefined;
    this.#timers = new SessionTimers(options);
    const isMeticulous = options.key?.kind === 'meticulous-keyed-sha1';
    // A number of packets that nobody has kept: fewer than were between two that were.
    const unknown = isMeticulous ? options.detectMultiplier : 0;
    const sequence = this.#resumed?.sequence ?? Math.floor(random() * 2 ** 32);
    this.#authentication = new Authentication(options.key, sequence + unknown);
  }

  get state(): BfdState {
    return this.#state;
  }

  /** Why it is not Up, in words. */
  get why(): string {
    return this.#why;
  }

  /** When the peer was heard last; never: infinity. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** How long the peer may be silent; 0 while it is unknown. */
  get detectionMs(): number {
    return this.#remote.discriminator === 0 ? 0 : this.#timers.detectionMs(this.#remote);
  }

  /** When `transmit` is due. */
  get transmitAt(): number {
    const { requiredMinRxMs } = this.#remote;
    if (requiredMinRxMs === 0 || this.#mustWait) return NEVER;
    return this.#sentAt + this.#share * this.#timers.transmitMs(requiredMinRxMs);
  }

  /** §6.8.7: who is passive says nothing to a peer that it does not know. */
  get #mustWait(): boolean {
    return this.#isPassive && this.#remote.discriminator === 0;
  }

  /** When `expire` is due, after everything that waits to be read has been read. */
  get expireAt(): number {
    const isHeard = this.#remote.discriminator !== 0 && this.#state !== 'AdminDown';
    return Math.min(this.#forgetAt, isHeard ? this.#heardAt + this.detectionMs : NEVER);
  }

  /** Idempotent; what was stopped is not started again. */
  start(now: number): BfdAction[] {
    if (this.#isStarted) return [];
    this.#isStarted = true;
    this.#why = SILENT;
    if (this.#resumed !== undefined) return this.#resume(this.#resumed, now);
    this.#enter({ state: 'Down', diagnostic: BFD_DIAGNOSTIC.none });
    return this.#mustWait ? [] : [this.#send(now)];
  }

  /**
   * The peer learns that this is no failure. The session goes on to say so, once a second, until nobody asks it to
   * (`transmit`): RFC 5880 §6.8.16 wants it for a detection time.
   */
  stop(now: number): BfdAction[] {
    if (this.#state === 'AdminDown') return [];
    this.#why = describeDrop('shut-down');
    this.#enter({ state: 'AdminDown', diagnostic: BFD_DIAGNOSTIC.administrativelyDown });
    return [...(this.#mustWait ? [] : [this.#send(now)]), ...this.#keep()];
  }

  /** Other timers, without ending the session. */
  configure(timers: BfdTimers): BfdAction[] {
    this.#timers.configure(timers, this.#remote.discriminator !== 0);
    return this.#keep();
  }

  /**
   * RFC 5880 §6.8.6, from where the session has been found.
   * @returns what to do, or why the packet counts for nothing
   */
  received(packet: BfdPacket, bytes: Uint8Array, now: number): BfdAction[] | BfdDrop {
    const demand = packet.demand ? 'demand-mode' : undefined;
    const drop = this.#authentication.check(packet, bytes) ?? demand;
    if (drop !== undefined) {
      if (this.#state !== 'Up' && this.#state !== 'AdminDown') this.#why = describeDrop(drop);
      return drop;
    }
    const before = this.#remote.state;
    this.#remote = remoteOf(packet);
    if (packet.final) this.#timers.confirmed();
    if (this.#state === 'AdminDown') return 'shut-down';
    this.#heardAt = now;
    this.#forgetAt = NEVER;
    const transition = afterHearing(this.#state, packet.state);
    const told = transition === undefined ? this.#listen() : this.#follow(transition);
    const mustSend = packet.poll || transition !== undefined;
    const sent = mustSend ? [this.#send(now, { final: packet.poll, isExtra: !transition })] : [];
    return [...sent, ...told, ...this.#ended(before), ...this.#keep()];
  }

  /** Sends what is due. */
  transmit(now: number): BfdAction[] {
    return now < this.transmitAt ? [] : [this.#send(now), ...this.#keep()];
  }

  /** The peer has been silent for too long, if nothing has come in the meantime. */
  expire(now: number): BfdAction[] {
    if (now >= this.#forgetAt) {
      this.#forgetAt = NEVER;
      this.#authentication.forget();
    }
    if (now < this.expireAt || this.#remote.discriminator === 0) return [];
    const { detectionMs } = this;
    this.#forgetAt = this.#heardAt + 2 * detectionMs;
    this.#remote = UNKNOWN;
    this.#timers.abandon();
    this.#why = `nothing came from the peer for ${Math.round(detectionMs)} ms`;
    if (this.#state === 'Down') return [];
    const told = this.#enter({ state: 'Down', diagnostic: BFD_DIAGNOSTIC.detectionTimeExpired });
    return [...(this.#mustWait ? [] : [this.#send(now)]), ...told, ...this.#keep()];
  }

  #resume(memory: BfdMemory, now: number): BfdAction[] {
    const { remoteDiscriminator: discriminator, remote } = memory;
    this.#remote = { ...remote, discriminator, state: 'Up', diagnostic: BFD_DIAGNOSTIC.none };
    this.#heardAt = now;
    this.#timers.resume(memory);
    this.#state = 'Up';
    this.#diagnostic = BFD_DIAGNOSTIC.none;
    this.#why = '';
    return [this.#send(now), { do: 'tell', event: { type: 'up' } }, ...this.#keep()];
  }

  /** The peer's words, where its state leaves ours as it is. */
  #listen(): BfdAction[] {
    if (this.#state === 'Down') this.#why = this.#peerSays();
    return [];
  }

  #ended(before: BfdState): BfdAction[] {
    if (this.#remote.state !== 'AdminDown' || before === 'AdminDown') return [];
    return [{ do: 'tell', event: { type: 'ended', why: this.#why } }];
  }

  #follow(transition: Transition): BfdAction[] {
    this.#why = transition.state === 'Up' ? '' : this.#peerSays();
    return this.#enter(transition);
  }

  #peerSays(): string {
    const { state, diagnostic } = this.#remote;
    if (state === 'AdminDown') return 'the peer has shut the session down';
    if (diagnostic === BFD_DIAGNOSTIC.none) return `the peer's session is ${state}`;
    return `the peer's session is ${state}: ${describeDiagnostic(diagnostic)}`;
  }

  #enter({ state, diagnostic }: Transition): BfdAction[] {
    const wasUp = this.#state === 'Up';
    this.#state = state;
    this.#diagnostic = diagnostic;
    this.#timers.setUp(state === 'Up', this.#remote.discriminator !== 0);
    if (state === 'Up') return [{ do: 'tell', event: { type: 'up' } }];
    if (!wasUp || state === 'AdminDown' || this.#remote.state === 'AdminDown') return [];
    return [{ do: 'tell', event: { type: 'failed', why: this.#why } }];
  }

  /** §6.8.7. @param isExtra it answers a question, and the next packet in turn does not wait for it */
  #send(now: number, { final = false, isExtra = false } = {}): BfdAction {
    const { desiredMinTxMs, requiredMinRxMs, detectMultiplier } = this.#timers.told;
    const bytes = this.#authentication.sign({
      diagnostic: this.#diagnostic,
      state: this.#state,
      poll: !final && this.#timers.isPolling,
      final,
      controlPlaneIndependent: false,
      demand: false,
      detectMultiplier,
      myDiscriminator: this.discriminator,
      yourDiscriminator: this.#remote.discriminator,
      desiredMinTxMicroseconds: desiredMinTxMs * 1_000,
      requiredMinRxMicroseconds: requiredMinRxMs * 1_000,
      requiredMinEchoRxMicroseconds: 0,
    });
    if (!isExtra) {
      const longest = detectMultiplier === 1 ? JITTER.longestOfOne : JITTER.longest;
      this.#share = longest - this.#random() * (longest - JITTER.shortest);
      this.#sentAt = now;
    }
    return { do: 'send', bytes };
  }

  /** Only what has changed, so that whoever keeps it has little to do. */
  #keep(): BfdAction[] {
    const memory = this.#memory;
    if (isSame(memory, this.#kept)) return [];
    this.#kept = memory;
    return [{ do: 'keep', memory }];
  }

  get #memory(): BfdMemory | undefined {
    if (this.#state !== 'Up') return undefined;
    const { desiredMinTxMs, requiredMinRxMs, detectMultiplier } = this.#timers.told;
    const { sequence, isMeticulous } = this.#authentication;
    const remote = this.#remote;
    return {
      discriminator: this.discriminator,
      remoteDiscriminator: remote.discriminator,
      remote: {
        desiredMinTxMs: remote.desiredMinTxMs,
        requiredMinRxMs: remote.requiredMinRxMs,
        detectMultiplier: remote.detectMultiplier,
      },
      ...{ desiredMinTxMs, requiredMinRxMs },
      // Each packet has another: kept as often as the peer lets as many be missing.
      sequence: isMeticulous ? sequence - (sequence % detectMultiplier) : sequence,
    };
  }
}

/** Of one session. Asked for every packet: to compare their texts would take a quarter of all that a packet costs. */
function isSame(one: BfdMemory | undefined, other: BfdMemory | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return (
    one.sequence === other.sequence &&
    one.remoteDiscriminator === other.remoteDiscriminator &&
    one.desiredMinTxMs === other.desiredMinTxMs &&
    one.requiredMinRxMs === other.requiredMinRxMs &&
    one.remote.desiredMinTxMs === other.remote.desiredMinTxMs &&
    one.remote.requiredMinRxMs === other.remote.requiredMinRxMs &&
    one.remote.detectMultiplier === other.remote.detectMultiplier
  );
}

function remoteOf(packet: BfdPacket): Remote {
  return {
    discriminator: packet.myDiscriminator,
    state: packet.state,
    diagnostic: packet.diagnostic,
    desiredMinTxMs: packet.desiredMinTxMicroseconds / 1_000,
    requiredMinRxMs: packet.requiredMinRxMicroseconds / 1_000,
    detectMultiplier: packet.detectMultiplier,
  };
}
