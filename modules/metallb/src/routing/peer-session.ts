import type { Socket } from 'node:net';
import type { AdjRibOut } from '../bgp/adj-rib-out.ts';
import type { Newcomer } from '../bgp/newcomer.ts';
import { type NextHopOf, nextHopFor } from '../bgp/next-hop.ts';
import { Peering, type PeeringOptions } from '../bgp/peering.ts';
import type { Direction, PeeringAction, PeeringEvent } from '../bgp/peering-action.ts';
import {
  type BgpPeerAddress,
  connectBgp,
  rekey,
  secureAccepted,
  withoutScope,
} from '../linux/bgp-socket.ts';
import { familyOf } from '../net/ip.ts';
import type { BgpNotification } from '../packet/bgp-error.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { BgpConnection } from './bgp-connection.ts';
import { localEndOf } from './local-end.ts';

/** What a session needs of the process around it. */
export interface PeerSessionPorts {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly tell: (event: PeeringEvent) => void;
}

export interface PeerSessionOptions {
  /** Without its password. */
  readonly peer: Omit<BgpPeerAddress, 'password'>;
  /** The first is the one in force; others are tried in turn while there is no session, as after a change at one end. */
  readonly passwords: readonly string[];
  readonly peering: PeeringOptions;
}

/** Routers send their OPEN at once. */
const OPEN_MS = 10_000;
const NEVER = Number.POSITIVE_INFINITY;
const LONGEST_TIMER_MS = 60_000;
/** Keepalives come after a third of it. */
const SILENT_PART_OF_HOLD = 0.4;

/** A connection beside the session. */
interface Doubtful {
  readonly connection: BgpConnection;
  readonly newcomer: Newcomer;
  readonly wait: Timer;
}

/** One peer: its peering with sockets and a clock. */
export class PeerSession {
  readonly peering: Peering;
  readonly #ports: PeerSessionPorts;
  readonly #options: PeerSessionOptions;
  readonly #connections = new Map<Direction, BgpConnection>();
  #doubtful: Doubtful | undefined;
  #passwords: readonly string[];
  /** Of the connection that was opened last. */
  #password: string | undefined;
  #attempts = 0;
  #heardAt = 0;
  #updatesSent = 0;
  #timer: Timer | undefined;

  constructor(ports: PeerSessionPorts, rib: AdjRibOut, options: PeerSessionOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#passwords = options.passwords;
    this.peering = new Peering(options.peering, rib, ports.random);
  }

  /** UPDATEs in all sessions with the peer. */
  get updatesSent(): number {
    return this.#updatesSent;
  }

  start(): void {
    this.#act(this.peering.start(this.#now));
  }

  /** @returns when its connections are closed; what has been written has then arrived, or never will */
  async stop(notification: BgpNotification): Promise<void> {
    const closed = [...this.#connections.values()].map((connection) => connection.closed);
    this.#forgetDoubtful()?.close();
    this.#act(this.peering.stop(notification, this.#now));
    await Promise.all(closed);
  }

  /** Ends the session and begins anew at once. */
  reset(notification: BgpNotification): void {
    this.#act(this.peering.reset(notification, this.#now));
  }

  /** The peer may have to be told something else. */
  changed(): void {
    this.#act([]);
  }

  /** A connection that the peer has opened. */
  accept(socket: Socket): void {
    const { peer } = this.#options;
    try {
      secureAccepted(socket, familyOf(peer.address), peer.hops);
    } catch {
      socket.destroy(); // closed by the peer in the meantime
      return;
    }
    const connection = this.#open('incoming', socket);
    const newcomer = this.peering.newcomer(this.#now);
    if (newcomer === undefined) this.#admit(connection);
    else this.#doubt(connection, newcomer);
  }

  /** Nothing is said on it before its OPEN, or for so long that it must be as any other. */
  #doubt(connection: BgpConnection, newcomer: Newcomer): void {
    this.#forgetDoubtful()?.close();
    const wait = this.#ports.clock.after(OPEN_MS, () => {
      this.#forgetDoubtful();
      this.#admit(connection);
    });
    this.#doubtful = { connection, newcomer, wait };
  }

  #forgetDoubtful(): BgpConnection | undefined {
    const { connection, wait } = this.#doubtful ?? {};
    wait?.cancel();
    this.#doubtful = undefined;
    return connection;
  }

  #hearDoubtful({ connection, newcomer }: Doubtful, bytes: Uint8Array): void {
    const verdict = newcomer.hear(bytes);
    if (verdict === 'more') return;
    this.#forgetDoubtful();
    if (verdict === 'peer') this.#act(this.peering.giveWay(this.#now));
    this.#admit(connection);
    this.#received('incoming', connection, newcomer.heard);
  }

  #admit(connection: BgpConnection): void {
    this.#act(this.peering.makeRoom());
    // The listener takes the first of them only.
    this.#password = this.#passwords[0];
    const before = this.#connections.get('incoming');
    this.#connections.set('incoming', connection);
    this.#connected('incoming', connection);
    // Where it was refused, the one before is still the one.
    if (before !== undefined && !this.#connections.has('incoming')) {
      this.#connections.set('incoming', before);
    }
  }

  /**
   * A connection whose password is no longer among them goes on with the first, without a break where the peer changes
   * it, too. One whose password is still among them keeps it until the peer falls silent: a router that resets the
   * session says so with the old one.
   */
  setPasswords(passwords: readonly string[]): void {
    this.#passwords = passwords;
    this.#attempts = 0;
    if (this.#password === undefined || !passwords.includes(this.#password)) this.#rekey(0);
    this.#schedule();
  }

  #rekey(index: number): void {
    this.#password = this.#passwords[index];
    for (const { socket } of this.#connections.values()) {
      rekey(socket, this.#options.peer.address, this.#password);
    }
  }

  /** Since then it should have sent a keepalive: it may have another password by now. */
  get #silentAt(): number {
    const { holdMs = 0 } = this.peering.negotiated ?? {};
    if (holdMs === 0 || this.#passwords.length < 2) return NEVER;
    return this.#heardAt + holdMs * SILENT_PART_OF_HOLD;
  }

  #time(): void {
    if (this.#now >= this.#silentAt) {
      this.#heardAt = this.#now;
      const index = this.#passwords.indexOf(this.#password ?? '');
      this.#rekey((index + 1) % this.#passwords.length);
    }
    this.#act(this.peering.time(this.#now));
  }

  /** More is told in a turn of its own: whoever has much to tell must not keep everybody else here waiting. */
  #sent(direction: Direction, { waiting }: BgpConnection): void {
    for (const action of this.peering.sent(direction, waiting === 0, this.#now)) {
      this.#perform(action);
    }
    this.#schedule();
  }

  #received(direction: Direction, connection: BgpConnection, bytes: Uint8Array): void {
    if (this.#doubtful?.connection === connection) {
      this.#hearDoubtful(this.#doubtful, bytes);
      return;
    }
    if (this.#connections.get(direction) !== connection) return;
    this.#heardAt = this.#now;
    this.#act(this.peering.received(direction, bytes, this.#now));
  }

  get #now(): number {
    return this.#ports.clock.now();
  }

  #act(actions: readonly PeeringAction[]): void {
    for (const action of actions) this.#perform(action);
    this.#sendUpdates();
    this.#schedule();
  }

  #perform(action: PeeringAction): void {
    if (action.do === 'tell') this.#ports.tell(action.event);
    else if (action.do === 'connect') this.#connect();
    else if (action.do === 'send') this.#send(action.direction, action.bytes);
    else {
      this.#connections.get(action.direction)?.close();
      this.#connections.delete(action.direction);
    }
  }

  #send(direction: Direction, bytes: Uint8Array): void {
    const connection = this.#connections.get(direction);
    if (connection === undefined) return;
    const isFirst = connection.waiting === 0;
    connection.write(bytes);
    // From now on the peer has to take something within the send hold time (RFC 9687).
    if (isFirst) this.peering.sent(direction, false, this.#now);
  }

  /** The next ones only when the kernel has taken those before: what a slow router makes wait is one batch. */
  #sendUpdates(): void {
    if (this.#isWaiting) return;
    const updates = this.peering.takeUpdates();
    const sockets = [...this.#connections.values()].map(({ socket }) => socket);
    for (const socket of sockets) socket.cork();
    for (const update of updates) this.#perform(update);
    for (const socket of sockets) socket.uncork();
    this.#updatesSent += updates.length;
  }

  get #isWaiting(): boolean {
    return [...this.#connections.values()].some(({ waiting }) => waiting > 0);
  }

  #connect(): void {
    const { peer } = this.#options;
    const password = this.#passwords[this.#attempts % Math.max(1, this.#passwords.length)];
    this.#attempts += 1;
    this.#password = password;
    try {
      this.#connections.set('outgoing', this.#open('outgoing', connectBgp({ ...peer, password })));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#act(this.peering.lost('outgoing', why, this.#now));
    }
  }

  #open(direction: Direction, socket: Socket): BgpConnection {
    const connection: BgpConnection = new BgpConnection(socket, this.#ports.clock, {
      connected: () => this.#connected(direction, connection),
      received: (bytes) => this.#received(direction, connection, bytes),
      sent: () => this.#sent(direction, connection),
      lost: (why) => this.#lost(direction, connection, why),
    });
    return connection;
  }

  #connected(direction: Direction, { socket }: BgpConnection): void {
    const session = withoutScope(socket.localAddress);
    if (session === undefined) {
      socket.destroy();
      return;
    }
    const end = localEndOf(session);
    const nextHopOf: NextHopOf = (family, negotiated) => nextHopFor(end, family, negotiated);
    this.#act(this.peering.connected(direction, nextHopOf, this.#now));
  }

  #lost(direction: Direction, connection: BgpConnection, why: string): void {
    if (this.#doubtful?.connection === connection) this.#forgetDoubtful();
    // One that was refused, or followed by another, is no longer the peering's.
    if (this.#connections.get(direction) !== connection) return;
    this.#connections.delete(direction);
    this.#act(this.peering.lost(direction, why, this.#now));
  }

  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const tellAt = this.peering.hasUpdates && !this.#isWaiting ? this.#now : NEVER;
    const deadline = Math.min(this.peering.nextDeadline(), this.#silentAt, tellAt);
    if (deadline === NEVER) return;
    const delayMs = Math.min(Math.max(0, deadline - this.#now), LONGEST_TIMER_MS);
    this.#timer = this.#ports.clock.after(delayMs, () => this.#time());
  }
}
