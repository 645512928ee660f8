import {
  BFD_PROTOCOL_VERSION,
  type BfdReport,
  type ToBfdd,
  type WantedBfdSession,
} from '../bfd/messages.ts';
import { parseFromBfdd } from '../bfd/parse-messages.ts';
import { bfdPathKey } from '../bfd/path.ts';
import type { LineConnection, LineHandler, LineOptions } from '../linux/line-socket.ts';

/** The BFD session that a peer of BGP relies on. */
export interface PeerBfd extends Omit<WantedBfdSession, 'name'> {
  /** By its name. */
  readonly bgpPeer: string;
}

export interface BfdLinkPorts {
  /** Whether bfdd is to run. */
  readonly setWanted: (wanted: boolean) => void;
  /** Keeps a connection to bfdd open, again after every loss. */
  readonly connect: (options: LineOptions) => { close(): void };
  /** Of a peer's session, when it changes; a peer that has none any more, or another, is told `AdminDown`. */
  readonly onStanding: (bgpPeer: string, report: BfdReport) => void;
  readonly onError: (error: unknown) => void;
}

/** bfdd spoke of something that this program does not know. */
class OtherVersionError extends Error {
  override readonly name = 'OtherVersionError';
}

const UNHEARD: BfdReport = { standing: 'Waiting', why: 'bfdd has not told of it yet' };
const GONE: BfdReport = { standing: 'AdminDown', why: 'its BFD session is wanted no more' };

/**
 * This node's bfdd as the process that speaks BGP sees it: it is told at any time which sessions there should be, and
 * tells what becomes of them. What it said last holds while it is away: its own death says nothing of any path.
 */
export class BfdLink {
  readonly #ports: BfdLinkPorts;
  readonly #reports = new Map<string, BfdReport>();
  /** The session that each peer relies on: peers of one path share it. */
  #names: ReadonlyMap<string, string> = new Map();
  #sessions: readonly WantedBfdSession[] = [];
  #link: { close(): void } | undefined;
  #connection: LineConnection | undefined;

  constructor(ports: BfdLinkPorts) {
    this.#ports = ports;
  }

  /** What is known of each peer's session. */
  reportOf(bgpPeer: string): BfdReport | undefined {
    return this.#reports.get(bgpPeer);
  }

  /** Level-based. Of peers that share a path, the first one says how quickly a failure is noticed. */
  setSessions(wanted: readonly PeerBfd[]): void {
    const before = this.#names;
    const sessions = new Map<string, WantedBfdSession>();
    const names = new Map<string, string>();
    for (const { bgpPeer, ...rest } of wanted) {
      const name = bfdPathKey(rest);
      if (!sessions.has(name)) sessions.set(name, { name, ...rest });
      names.set(bgpPeer, name);
    }
    this.#names = names;
    this.#want([...sessions.values()]);
    for (const [bgpPeer, name] of before) if (names.get(bgpPeer) !== name) this.#forget(bgpPeer);
    for (const bgpPeer of names.keys()) {
      if (!this.#reports.has(bgpPeer)) this.#reports.set(bgpPeer, UNHEARD);
    }
  }

  /** bfdd runs on: who comes after this process finds its sessions as they are. */
  stop(): void {
    this.#link?.close();
    this.#link = undefined;
    this.#connection?.close();
  }

  #want(sessions: readonly WantedBfdSession[]): void {
    this.#sessions = sessions;
    if (sessions.length === 0) {
      // What ends bfdd has it tell its peers.
      this.stop();
      this.#ports.setWanted(false);
      return;
    }
    this.#ports.setWanted(true);
    this.#send({ kind: 'sessions', sessions });
    this.#link ??= this.#ports.connect({
      onConnection: (connection) => this.#accept(connection),
      onError: (error) => this.#ports.onError(error),
    });
  }

  #forget(bgpPeer: string): void {
    this.#reports.delete(bgpPeer);
    this.#ports.onStanding(bgpPeer, GONE);
  }

  #accept(connection: LineConnection): LineHandler {
    this.#connection = connection;
    this.#send({ kind: 'hello', protocol: BFD_PROTOCOL_VERSION });
    this.#send({ kind: 'sessions', sessions: this.#sessions });
    return {
      onMessage: (message) => this.#receive(message, connection),
      onClosed: () => {
        if (this.#connection === connection) this.#connection = undefined;
      },
    };
  }

  #send(message: ToBfdd): void {
    this.#connection?.send(message);
  }

  #receive(value: unknown, connection: LineConnection): void {
    const message = parseFromBfdd(value);
    if (message instanceof Error) this.#part(connection, message);
    else if (message.kind === 'standing') this.#told(message.name, message);
    else if (message.protocol !== BFD_PROTOCOL_VERSION) {
      const words = `bfdd speaks protocol ${message.protocol}, expected ${BFD_PROTOCOL_VERSION}`;
      this.#part(connection, new OtherVersionError(words));
    }
  }

  #part(connection: LineConnection, error: Error): void {
    connection.close();
    this.#ports.onError(error);
  }

  /** Of a session that is wanted no more it may still be told. */
  #told(name: string, { standing, why }: BfdReport): void {
    for (const [bgpPeer, reliesOn] of this.#names) {
      if (reliesOn !== name) continue;
      this.#reports.set(bgpPeer, { standing, why });
      this.#ports.onStanding(bgpPeer, { standing, why });
    }
  }
}
