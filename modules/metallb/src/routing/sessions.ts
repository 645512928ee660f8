import type { Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { BfdReport } from '../bfd/messages.ts';
import { AdjRibOut, type MessageSizes } from '../bgp/adj-rib-out.ts';
import type { FsmPhase } from '../bgp/fsm.ts';
import type { MissingFamily } from '../bgp/next-hop.ts';
import type { PeeringEvent } from '../bgp/peering-action.ts';
import { RouteTable } from '../bgp/route-table.ts';
import type { IpAddress, IpFamily } from '../net/ip.ts';
import { BGP_REASON, ceaseWith, notificationOf } from '../packet/bgp-error.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { sleep } from '../time/sleep.ts';
import type { PeerSetup } from './peer-options.ts';
import { PeerSession } from './peer-session.ts';

/** A peer that this node is to have a session with. */
export interface PeerConfig {
  /** By which it is known here, such as `metallb-system/spine`. */
  readonly name: string;
  /** As people name the router: its address, or the interface that leads to it. */
  readonly neighbor: string;
  /** What the session takes, or why there must be none, in words: fail closed, as for a password that can't be read. */
  readonly wanted: PeerWanted | { readonly problem: string };
}

export interface PeerWanted {
  readonly setup: PeerSetup;
  /** The first is the one in force; none: the session has none. */
  readonly passwords: readonly string[];
}

/** A route that no message has room for. */
export interface TooLongRoute extends MessageSizes {
  /** As `formatPrefix` has it. */
  readonly prefix: string;
}

/** What there is to say of a peer. */
export interface SessionFacts {
  readonly peer: string;
  readonly neighbor: string;
  readonly port: number | undefined;
  readonly state: FsmPhase;
  /** Wall clock: since when there is a session, or none. */
  readonly sinceMs: number;
  /** Empty without a session. */
  readonly why: string;
  readonly families: readonly IpFamily[];
  /** Those expected of which the router is told nothing in this session. */
  readonly missingFamilies: readonly MissingFamily[];
  /** Prefixes that no message has room for beside their attributes. */
  readonly tooLong: readonly TooLongRoute[];
  readonly toldPrefixes: number;
  readonly pendingPrefixes: number;
  readonly receivedPrefixes: number;
  readonly updatesSent: number;
}

export interface SessionsPorts {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly onEvent: (peer: string, event: PeeringEvent) => void;
}

interface Peer {
  config: PeerConfig;
  readonly rib: AdjRibOut;
  session: PeerSession | undefined;
  isStarted: boolean;
  /** BFD has seen the path to it fail, and why: no session is tried until it is well. */
  pathFailure: string | undefined;
  sinceMs: number;
  /** In sessions before this one. */
  updatesSent: number;
}

/** Prefixes at once: some milliseconds, in which nothing else happens in this process. */
const SLICE = 2_000;
const STOP_MS = 2_000;
/** Of it, for the withdrawals to leave. */
const WITHDRAW_MS = 1_000;
const LOOK_EVERY_MS = 10;

/** All sessions of this node, and the routes that are told in them. What is set takes effect with `flush`. */
export class Sessions {
  readonly routes = new RouteTable();
  readonly #ports: SessionsPorts;
  readonly #peers = new Map<string, Peer>();
  #isLeaving = false;
  #isStopped = false;
  #rest: Timer | undefined;

  constructor(ports: SessionsPorts) {
    this.#ports = ports;
  }

  get facts(): readonly SessionFacts[] {
    return [...this.#peers.values()].map((peer) =>
      factsOf(peer, this.routes.staleCount(peer.config.name)),
    );
  }

  /** Sessions of those that are as they were go on; one of which only the password is another does, too. */
  setPeers(configs: readonly PeerConfig[]): void {
    if (this.#isStopped) return;
    const names = new Set(configs.map(({ name }) => name));
    for (const [name, peer] of this.#peers) if (!names.has(name)) this.#remove(name, peer);
    for (const config of configs) this.#set(config);
  }

  /** This node is about to withdraw: others are to be preferred from now on (RFC 8326). */
  setLeaving(isLeaving: boolean): void {
    if (isLeaving === this.#isLeaving) return;
    this.#isLeaving = isLeaving;
    for (const peer of this.#peers.values()) this.#route(peer);
  }

  /**
   * What BFD says of the path to a peer (RFC 5882 §4). A failure ends the session at once, and none is opened until the path
   * is well again, or nobody can tell by BFD.
   */
  setPath(name: string, { standing, why }: BfdReport): void {
    const peer = this.#peers.get(name);
    if (peer === undefined || this.#isStopped) return;
    if (standing === 'Down') {
      peer.pathFailure = `BFD: ${why}`;
      void peer.session?.stop(notificationOf(BGP_REASON.bfdDown));
    } else if (peer.pathFailure !== undefined) {
      peer.pathFailure = undefined;
      if (peer.isStarted) peer.session?.start();
    }
  }

  /**
   * A connection that a router has opened. Of several peers with its address it is the first one's; of link-local ones
   * that of the interface.
   */
  accept(socket: Socket, from: IpAddress, interfaceName: string | undefined): void {
    const peer = [...this.#peers.values()].find(({ config: { wanted } }) => {
      if ('problem' in wanted) return false;
      const { address, interface: own } = wanted.setup.options.peer;
      return address === from && (interfaceName === undefined || interfaceName === own);
    });
    if (peer?.session === undefined) socket.on('error', () => undefined).destroy();
    else peer.session.accept(socket);
  }

  /** Tells the peers what has changed, and opens sessions when all that is to be told in them is known. */
  flush(): void {
    if (this.#rest === undefined) this.#work();
  }

  /**
   * Withdraws everything, then ends the sessions with these words.
   * @returns when the connections are closed, but after two seconds at the latest
   */
  async stop(reason: string): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    const { clock } = this.#ports;
    const over = new AbortController();
    const limit = clock.after(STOP_MS, () => over.abort());
    this.routes.clear();
    this.flush();
    const end = clock.now() + WITHDRAW_MS;
    while (this.#hasPending && clock.now() < end) await sleep(clock, LOOK_EVERY_MS, over.signal);
    this.#rest?.cancel();
    const notification = ceaseWith(BGP_REASON.administrativeShutdown, reason);
    const closed = [...this.#peers.values()].map(({ session }) => session?.stop(notification));
    await Promise.race([Promise.all(closed), sleep(clock, STOP_MS, over.signal)]);
    limit.cancel();
    over.abort();
  }

  get #hasPending(): boolean {
    return this.#rest !== undefined || this.facts.some((one) => one.pendingPrefixes > 0);
  }

  #work(): void {
    this.#rest = undefined;
    const isAll = this.routes.settle(SLICE);
    for (const { session } of this.#peers.values()) session?.changed();
    if (!isAll) {
      this.#rest = this.#ports.clock.after(0, () => this.#work());
      return;
    }
    for (const peer of this.#peers.values()) {
      if (peer.isStarted || this.#isStopped) continue;
      peer.isStarted = true;
      if (peer.pathFailure === undefined) peer.session?.start();
    }
  }

  #set(config: PeerConfig): void {
    const peer = this.#peers.get(config.name) ?? this.#add(config);
    const before = peer.config;
    peer.config = config;
    const { wanted } = config;
    if ('problem' in wanted) {
      this.#end(peer, BGP_REASON.otherConfigurationChange);
      return;
    }
    const wasWanted = 'problem' in before.wanted ? undefined : before.wanted;
    if (peer.session === undefined || !isDeepStrictEqual(wasWanted?.setup, wanted.setup)) {
      this.#end(peer, BGP_REASON.otherConfigurationChange);
      this.#begin(peer, wanted);
    } else if (!isDeepStrictEqual(wasWanted?.passwords, wanted.passwords)) {
      peer.session.setPasswords(wanted.passwords);
    }
  }

  #add(config: PeerConfig): Peer {
    const peer: Peer = {
      ...{ config, rib: new AdjRibOut(), session: undefined, isStarted: false },
      pathFailure: undefined,
      sinceMs: this.#ports.clock.epochMs(),
      updatesSent: 0,
    };
    this.#peers.set(config.name, peer);
    return peer;
  }

  #begin(peer: Peer, { setup, passwords }: PeerWanted): void {
    const { clock, random } = this.#ports;
    const tell = (event: PeeringEvent) => this.#hear(peer, event);
    const options = { ...setup.options, passwords };
    peer.session = new PeerSession({ clock, random, tell }, peer.rib, options);
    peer.isStarted = false;
    this.#route(peer);
  }

  /** The rib stays as it is: a session that follows is told of the same. */
  #end(peer: Peer, reason: (typeof BGP_REASON)[keyof typeof BGP_REASON]): void {
    // Nobody waits for it: the connection closes on its own, and another may be opened beside it.
    void peer.session?.stop(notificationOf(reason));
    peer.updatesSent += peer.session?.updatesSent ?? 0;
    peer.session = undefined;
  }

  #remove(name: string, peer: Peer): void {
    this.#end(peer, BGP_REASON.peerDeconfigured);
    this.routes.deletePeer(name);
    this.#peers.delete(name);
  }

  #route({ config: { name, wanted }, rib }: Peer): void {
    if ('problem' in wanted) return;
    const { routeName, externalAsn, options } = wanted.setup;
    const isExternal = externalAsn !== undefined;
    const { localAsn: asn } = options.peering;
    this.routes.setPeer(
      name,
      { name: routeName, asn, isExternal, isLeaving: this.#isLeaving },
      rib,
    );
  }

  #hear(peer: Peer, event: PeeringEvent): void {
    if (event.type === 'established' || event.type === 'ended') {
      peer.sinceMs = this.#ports.clock.epochMs();
    }
    this.#ports.onEvent(peer.config.name, event);
  }
}

function factsOf(
  { config, session, rib, sinceMs, updatesSent, pathFailure }: Peer,
  stale: number,
): SessionFacts {
  const { name, neighbor, wanted } = config;
  const peering = session?.peering;
  const expected = 'problem' in wanted ? [] : wanted.setup.expectedFamilies;
  return {
    ...{ peer: name, neighbor, sinceMs },
    port: 'problem' in wanted ? undefined : wanted.setup.options.peer.port,
    state: peering?.phase ?? 'Idle',
    why: 'problem' in wanted ? wanted.problem : (pathFailure ?? peering?.why ?? ''),
    families: peering?.negotiated?.families ?? [],
    missingFamilies: (peering?.missing ?? []).filter(({ family }) => expected.includes(family)),
    tooLong: [...rib.tooLong].map(([prefix, sizes]) => ({ prefix, ...sizes })),
    toldPrefixes: rib.toldCount,
    pendingPrefixes: rib.pendingCount + stale,
    receivedPrefixes: peering?.receivedCount ?? 0,
    updatesSent: updatesSent + (session?.updatesSent ?? 0),
  };
}
