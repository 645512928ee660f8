import {
  BGP_REASON,
  BgpError,
  type BgpNotification,
  describeNotification,
  notificationOf,
} from '../packet/bgp-error.ts';
import {
  BGP_MESSAGE,
  type BgpMessage,
  decodeNotification,
  encodeKeepalive,
  encodeNotification,
} from '../packet/bgp-message.ts';
import { type BgpOpen, decodeOpen, encodeOpen } from '../packet/bgp-open.ts';
import { decodeRouteRefresh } from '../packet/bgp-route-refresh.ts';
import { decodeUpdate } from '../packet/bgp-update-decode.ts';
import { MalformedPacketError } from '../packet/malformed.ts';
import type { AdjRibOut } from './adj-rib-out.ts';
import { Attempts } from './attempts.ts';
import { type Connection, newConnection } from './connection.ts';
import {
  accepting,
  type FsmAction,
  type FsmEvent,
  type FsmOptions,
  type FsmPhase,
  type FsmState,
  IDLE,
  isRetried,
  nextDeadline,
  step,
} from './fsm.ts';
import { type Negotiated, negotiate, survivor } from './negotiation.ts';
import { Newcomer } from './newcomer.ts';
import { type MissingFamily, missingFamilies, type NextHopOf } from './next-hop.ts';
import { type OwnSide, ownOpen } from './own-open.ts';
import type { Direction, PeeringAction } from './peering-action.ts';
import { PeeringWords } from './peering-words.ts';

/** What this node says of itself to a peer, and what it expects of it. */
export interface PeeringOptions extends FsmOptions, OwnSide {
  readonly remoteAsn: number | 'internal' | 'external';
}

/** Both may have connected to each other at once. */
const SETTLED_MS = 5_000;
/** Of a message in which nothing is known to be wrong but that it can't be read. */
const UNREADABLE = notificationOf(BGP_REASON.malformedAttributes);

/**
 * Everything between this node and one peer: the connection it opens, the one that the peer opens, which of the two
 * stays (RFC 4271 §6.8), and what is told on it. It does no I/O: what happens is told to it, and it answers with what to do.
 */
export class Peering {
  readonly #options: PeeringOptions;
  readonly #rib: AdjRibOut;
  readonly #attempts: Attempts;
  readonly #connections = new Map<Direction, Connection>();
  #isStopped = true;
  readonly #words: PeeringWords;
  /** What is wrong with the message that is being answered. */
  #fault: string | undefined;
  #received = 0;

  /** @param random uniform in [0, 1) */
  constructor(options: PeeringOptions, rib: AdjRibOut, random: () => number) {
    this.#options = options;
    this.#rib = rib;
    this.#attempts = new Attempts(options, random);
    this.#words = new PeeringWords(this.#ownOpen);
  }

  /** The furthest of the connections. */
  get phase(): FsmPhase {
    const phases = [...this.#connections.values()].map(({ fsm }) => fsm.phase);
    const order = ['Established', 'OpenConfirm', 'OpenSent', 'Connect', 'Active'] as const;
    return order.find((phase) => phases.includes(phase)) ?? 'Idle';
  }

  get negotiated(): Negotiated | undefined {
    return this.#established?.negotiated;
  }

  /** Of this side's. */
  get missing(): readonly MissingFamily[] {
    const { negotiated, nextHopOf } = this.#established ?? {};
    return negotiated && nextHopOf ? missingFamilies(negotiated, nextHopOf) : [];
  }

  /** Why there is no session, in words. */
  get why(): string {
    return this.#words.why;
  }

  /** Routes that the peer has announced in this session; none is kept. */
  get receivedCount(): number {
    return this.#received;
  }

  nextDeadline(): number {
    const deadlines = [...this.#connections.values()].map(({ fsm }) => nextDeadline(fsm));
    return Math.min(...deadlines, this.#mustConnect ? this.#attempts.startAt : Infinity);
  }

  /** Also where the router has connected and says nothing: it may be gone. */
  get #mustConnect(): boolean {
    const isHeard = this.#connections.get('incoming')?.negotiated !== undefined;
    return !this.#isStopped && !this.#connections.has('outgoing') && !isHeard;
  }

  start(now: number): PeeringAction[] {
    if (!this.#isStopped) return [];
    this.#isStopped = false;
    this.#attempts.beginAnew(now);
    this.#words.begin(this.#options.passive ? 'the router has not connected yet' : 'connecting');
    return this.time(now);
  }

  stop(notification: BgpNotification, now: number): PeeringAction[] {
    this.#isStopped = true;
    this.#words.begin(describeNotification(notification));
    return this.#each((connection) =>
      this.#step(connection, { type: 'stop', notification, automatic: false }, now),
    );
  }

  /** Ends the session and begins anew at once, as after a change of what is configured. */
  reset(notification: BgpNotification, now: number): PeeringAction[] {
    const actions = this.stop(notification, now);
    return [...actions, ...this.start(now)];
  }

  time(now: number): PeeringAction[] {
    const actions = this.#each((connection) => {
      const { phase, sendHoldAt, connectRetryAt } = connection.fsm;
      // No NOTIFICATION says it: the peer takes nothing.
      if (now >= sendHoldAt) this.#words.takesNothing();
      if (phase === 'Connect' && now >= connectRetryAt) this.#words.doesNotAnswer();
      return this.#step(connection, { type: 'time' }, now);
    });
    if (!this.#mustConnect || now < this.#attempts.startAt) return actions;
    const connection = this.#add('outgoing', {
      ...IDLE,
      connectRetryCounter: this.#attempts.count,
    });
    return [...actions, ...this.#step(connection, { type: 'start' }, now)];
  }

  /**
   * Before another connection of the peer is told of: one on which it has said nothing gives way, which would keep it
   * out for as long as an OPEN may take.
   */
  makeRoom(): PeeringAction[] {
    const direction = 'incoming';
    if (this.#connections.get(direction)?.fsm.phase !== 'OpenSent') return [];
    this.#connections.delete(direction);
    return [{ do: 'close', direction }];
  }

  /** What a connection beside the session is until its OPEN has come, where the peer may have restarted (RFC 4724 §5). */
  newcomer(now: number): Newcomer | undefined {
    const sides = [this.#options, this.negotiated?.remote];
    const mayRestart = sides.every((side) => side?.capabilities.gracefulRestart !== undefined);
    if (!mayRestart || this.#attempts.sessionMs(now) < SETTLED_MS) return undefined;
    return new Newcomer((open) => this.#negotiate(open));
  }

  /** It has: the session ends without a NOTIFICATION. */
  giveWay(now: number): PeeringAction[] {
    const session = this.#established;
    return session ? this.lost(session.direction, 'the router has begun anew', now) : [];
  }

  connected(direction: Direction, nextHopOf: NextHopOf, now: number): PeeringAction[] {
    const isNew = direction === 'incoming';
    if (isNew && (this.#isStopped || this.#connections.has('incoming') || this.#established)) {
      // Not as a member of this peering: there is one of the kind already, or none is wanted.
      const bytes = encodeNotification(notificationOf(BGP_REASON.connectionRejected));
      return [
        { do: 'send', direction, bytes },
        { do: 'close', direction },
      ];
    }
    const connection = isNew
      ? this.#add('incoming', accepting(this.#attempts.count))
      : this.#connections.get('outgoing');
    if (connection === undefined) return [{ do: 'close', direction }];
    connection.nextHopOf = nextHopOf;
    return this.#step(connection, { type: 'connected' }, now);
  }

  /** @param why in words, such as `connection refused` */
  lost(direction: Direction, why: string, now: number): PeeringAction[] {
    const connection = this.#connections.get(direction);
    if (connection === undefined) return [];
    const { phase } = connection.fsm;
    this.#words.lost(why, phase);
    const isRetried = phase === 'OpenSent' && direction === 'outgoing';
    const retryMs = isRetried ? this.#attempts.nextRetryMs() : 0;
    return this.#step(connection, { type: 'connection-lost', retryMs }, now);
  }

  received(direction: Direction, bytes: Uint8Array, now: number): PeeringAction[] {
    const connection = this.#connections.get(direction);
    if (connection === undefined) return [];
    const actions: PeeringAction[] = [];
    try {
      for (const message of connection.framer.messages(bytes)) {
        actions.push(...this.#hear(connection, message, now));
        if (this.#connections.get(direction) !== connection) break;
      }
    } catch (error) {
      if (!(error instanceof MalformedPacketError)) throw error;
      const notification = error instanceof BgpError ? error.notification : UNREADABLE;
      this.#fault = error.where;
      actions.push(...this.#step(connection, { type: 'bad-message', notification }, now));
      this.#fault = undefined;
    }
    return actions;
  }

  /** What the driver had to send has gone, or some of it. */
  sent(direction: Direction, isAllSent: boolean, now: number): PeeringAction[] {
    const connection = this.#connections.get(direction);
    return connection === undefined ? [] : this.#step(connection, { type: 'sent', isAllSent }, now);
  }

  get hasUpdates(): boolean {
    return this.#established !== undefined && this.#rib.pendingCount > 0;
  }

  /** UPDATEs that the peer is to get; the driver asks again once it has sent them. */
  takeUpdates(): PeeringAction[] {
    const connection = this.#established;
    if (connection === undefined) return [];
    const { direction } = connection;
    const before = this.#rib.tooLongChanges;
    const updates = this.#rib.take().map((bytes) => ({ do: 'send', direction, bytes }) as const);
    if (this.#rib.tooLongChanges === before) return updates;
    return [...updates, { do: 'tell', event: { type: 'too-long' } }];
  }

  get #established(): Connection | undefined {
    return [...this.#connections.values()].find(({ fsm }) => fsm.phase === 'Established');
  }

  #add(direction: Direction, fsm: FsmState): Connection {
    const connection = newConnection(direction, fsm);
    this.#connections.set(direction, connection);
    return connection;
  }

  #each(act: (connection: Connection) => PeeringAction[]): PeeringAction[] {
    return [...this.#connections.values()].flatMap(act);
  }

  #hear(connection: Connection, { type, body }: BgpMessage, now: number): PeeringAction[] {
    switch (type) {
      case BGP_MESSAGE.open:
        return this.#hearOpen(connection, decodeOpen(body), now);
      case BGP_MESSAGE.keepalive:
        return this.#step(connection, { type: 'keepalive' }, now);
      case BGP_MESSAGE.notification:
        return this.#hearNotification(connection, decodeNotification(body), now);
      case BGP_MESSAGE.routeRefresh:
        return this.#hearRefresh(connection, body, now);
      default:
        return this.#hearUpdate(connection, body, now);
    }
  }

  #hearOpen(connection: Connection, remote: BgpOpen, now: number): PeeringAction[] {
    if (connection.fsm.phase !== 'OpenSent') {
      return this.#step(connection, { type: 'open', holdMs: 0 }, now);
    }
    connection.negotiated = this.#negotiate(remote);
    const other = this.#otherThan(connection);
    const closed: PeeringAction[] = [];
    if (other !== undefined && other.fsm.phase === 'OpenConfirm') {
      const stays = survivor(this.#ownOpen, remote);
      const loser = connection.direction === stays ? other : connection;
      closed.push(...this.#step(loser, { type: 'collision-lost' }, now));
      if (loser === connection) return closed;
    }
    const { holdMs } = connection.negotiated;
    return [...closed, ...this.#step(connection, { type: 'open', holdMs }, now)];
  }

  #negotiate(remote: BgpOpen): Negotiated {
    const { localAsn, routerId: localRouterId, remoteAsn } = this.#options;
    return negotiate(this.#ownOpen, remote, { localAsn, localRouterId, remoteAsn });
  }

  #hearNotification(
    connection: Connection,
    notification: BgpNotification,
    now: number,
  ): PeeringAction[] {
    this.#words.heard(notification);
    const [code, subcode] = BGP_REASON.unsupportedVersion;
    const isVersionError = notification.code === code && notification.subcode === subcode;
    return this.#step(connection, { type: 'notification', isVersionError }, now);
  }

  #hearUpdate(connection: Connection, body: Uint8Array, now: number): PeeringAction[] {
    const { negotiated } = connection;
    const actions = this.#step(connection, { type: 'update' }, now);
    if (negotiated === undefined || connection.fsm.phase !== 'Established') return actions;
    const { announced, withdrawn, fault } = decodeUpdate(body, negotiated);
    // Whoever announces a prefix twice is counted twice: nothing of it is kept.
    this.#received = Math.max(0, this.#received + announced - withdrawn);
    if (fault !== undefined) actions.push({ do: 'tell', event: { type: 'fault', fault } });
    return actions;
  }

  #hearRefresh(connection: Connection, body: Uint8Array, now: number): PeeringAction[] {
    if (connection.fsm.phase !== 'Established') {
      return this.#step(connection, { type: 'update' }, now);
    }
    const { asked, fault } = decodeRouteRefresh(body);
    if (asked !== undefined) this.#rib.refresh(asked);
    return fault === undefined ? [] : [{ do: 'tell', event: { type: 'fault', fault } }];
  }

  #step(connection: Connection, event: FsmEvent, now: number): PeeringAction[] {
    const before = connection.fsm.phase;
    const outcome = step(connection.fsm, event, now, this.#attempts.nextOptions());
    connection.fsm = outcome.state;
    const actions = outcome.actions.flatMap((action) => this.#perform(connection, action, now));
    const { phase } = outcome.state;
    // One that the peer has opened is over when it is lost: only the peer can open another.
    const isOver = phase === 'Idle' || (connection.direction === 'incoming' && phase === 'Active');
    if (isOver && before !== 'Idle') actions.push(...this.#idle(connection, before, now));
    else if (isRetried(before, outcome)) actions.push(...this.#refused());
    return actions;
  }

  /** The connection is over; the next attempt waits, longer each time. */
  #idle({ direction, fsm }: Connection, before: FsmPhase, now: number): PeeringAction[] {
    this.#connections.delete(direction);
    this.#attempts.ended(before, fsm, now);
    if (this.#mustConnect) this.#attempts.pause(now);
    return before === 'Established' || this.#isStopped ? [] : this.#refused();
  }

  /** Unless the other connection is under way to a session. */
  #refused(): PeeringAction[] {
    if (!['Idle', 'Connect', 'Active'].includes(this.phase)) return [];
    return [{ do: 'tell', event: { type: 'refused', why: this.#words.why } }];
  }

  #perform(connection: Connection, action: FsmAction, now: number): PeeringAction[] {
    const { direction } = connection;
    switch (action.do) {
      case 'connect':
        return [{ do: 'connect' }];
      case 'drop':
        return [{ do: 'close', direction }];
      case 'send-open':
        return [{ do: 'send', direction, bytes: encodeOpen(this.#ownOpen) }];
      case 'send-keepalive':
        return [{ do: 'send', direction, bytes: encodeKeepalive() }];
      case 'send-notification':
        this.#words.sent(action.notification, this.#fault);
        return [{ do: 'send', direction, bytes: encodeNotification(action.notification) }];
      case 'established':
        return this.#establish(connection, now);
      case 'ended':
        this.#rib.end();
        this.#received = 0;
        return [{ do: 'tell', event: { type: 'ended', why: this.#words.why } }];
    }
  }

  #establish(connection: Connection, now: number): PeeringAction[] {
    const { negotiated, framer, nextHopOf } = connection;
    if (negotiated === undefined) throw new Error('a session without an OPEN');
    const other = this.#otherThan(connection);
    const closed = other === undefined ? [] : this.#step(other, { type: 'collision-lost' }, now);
    this.#attempts.established(now);
    framer.maxLength = negotiated.maxLength;
    const { families, fourOctetAsn, maxLength, enhancedRefresh } = negotiated;
    this.#rib.begin({
      ...{ families, enhancedRefresh },
      encoding: { fourOctetAsn, maxLength },
      nextHopOf: (family) => nextHopOf(family, negotiated),
    });
    this.#words.begin('');
    return [...closed, { do: 'tell', event: { type: 'established', negotiated } }];
  }

  #otherThan({ direction }: Connection): Connection | undefined {
    return this.#connections.get(direction === 'outgoing' ? 'incoming' : 'outgoing');
  }

  get #ownOpen(): BgpOpen {
    return ownOpen(this.#options, this.#rib.hasBegun);
  }
}
