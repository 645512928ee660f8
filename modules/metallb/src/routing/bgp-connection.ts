import type { Socket } from 'node:net';
import type { Clock } from '../time/clock.ts';

/** What happens on a connection; nothing more after `lost`, or after `close`. */
export interface ConnectionEvents {
  readonly connected: () => void;
  readonly received: (bytes: Uint8Array) => void;
  /** Something that waited has gone. */
  readonly sent: () => void;
  readonly lost: (why: string) => void;
}

/** How long a NOTIFICATION has to reach the peer before the connection is cut. */
const FAREWELL_MS = 1_000;

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: nobody listens there, or not for this node',
  ECONNRESET: 'connection reset by the peer',
  EPIPE: 'connection closed by the peer',
  EHOSTUNREACH: 'no route to the peer, or it does not answer on the link',
  ENETUNREACH: 'no route to the peer',
  ETIMEDOUT: 'the peer does not answer',
  EADDRNOTAVAIL: 'the source address is on no interface of this node',
};

/** One TCP connection to a peer, and what of ours waits in it. */
export class BgpConnection {
  readonly socket: Socket;
  /** Whoever has closed it. */
  readonly closed: Promise<void>;
  readonly #clock: Clock;
  readonly #events: ConnectionEvents;
  #waiting = 0;
  #isOver = false;

  constructor(socket: Socket, clock: Clock, events: ConnectionEvents) {
    this.socket = socket;
    this.#clock = clock;
    this.#events = events;
    this.closed = new Promise((resolve) => void socket.once('close', () => resolve()));
    let why = 'connection closed by the peer';
    socket
      .on('connect', () => this.#unlessOver(events.connected))
      .on('data', (bytes) => this.#unlessOver(() => events.received(bytes)))
      // The peer has said its last word: what it wants to hear after that, nobody knows.
      .on('end', () => this.#lose(why))
      .on('close', () => this.#lose(why))
      .on('error', (error) => {
        const code = 'code' in error ? String(error.code) : '';
        why = WORDS[code] ?? error.message;
      });
  }

  /** Messages that the kernel has not taken yet. */
  get waiting(): number {
    return this.#waiting;
  }

  write(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#waiting += 1;
    this.socket.write(bytes, (error) => {
      this.#waiting -= 1;
      if (error == null) this.#unlessOver(this.#events.sent);
    });
  }

  /** What has been written still goes out, and what the peer says is no longer heard. Idempotent. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.socket.connecting) {
      this.socket.destroy();
      return;
    }
    // Bytes that nobody has read would make the kernel reset the connection, and the peer forget our last word.
    this.socket.resume().end();
    const cut = this.#clock.after(FAREWELL_MS, () => this.socket.destroy());
    this.socket.once('close', () => cut.cancel());
  }

  #lose(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.socket.destroy();
    this.#events.lost(why);
  }

  #unlessOver(tell: () => void): void {
    if (!this.#isOver) tell();
  }
}
