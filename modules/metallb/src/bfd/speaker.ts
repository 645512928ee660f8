import { type BfdPacket, decodeBfd } from '../packet/bfd.ts';
import { MalformedPacketError } from '../packet/malformed.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { type BfdPath, bfdPathKey } from './path.ts';
import {
  type BfdAction,
  type BfdDrop,
  type BfdEvent,
  type BfdMemory,
  type BfdOptions,
  BfdSession,
} from './session.ts';
import type { BfdTimers } from './timers.ts';

/** A session by the name that its owner gives it. */
export interface BfdWish {
  readonly name: string;
  readonly path: BfdPath;
  readonly options: BfdOptions;
  /** From a process that ended without a word: the session goes on where it was. */
  readonly memory?: BfdMemory | undefined;
}

/** What the speaker needs from outside. */
export interface BfdPorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly send: (name: string, bytes: Uint8Array) => void;
  /** Runs what it is given after all that has come by now has been handed over. */
  readonly afterReading: (run: () => void) => void;
  readonly tell: (name: string, event: BfdEvent) => void;
  readonly keep: (name: string, memory: BfdMemory | undefined) => void;
}

/** Why a datagram reached no session, or counted for nothing there. */
export type BfdSpeakerDrop = 'malformed' | 'unknown-session' | BfdDrop;

interface Entry {
  readonly wish: BfdWish;
  readonly session: BfdSession;
  timer: Timer | undefined;
  /** Whether the peer is silent is looked at once all is read. */
  isReading: boolean;
}

const LARGEST_DISCRIMINATOR = 2 ** 32 - 1;

/** All BFD sessions of a node: finds the one that a packet is for, and lets each act when it is due. */
export class BfdSpeaker {
  readonly #ports: BfdPorts;
  readonly #entries = new Map<string, Entry>();
  readonly #byDiscriminator = new Map<number, Entry>();
  readonly #byPath = new Map<string, Entry>();
  readonly #drops = new Map<BfdSpeakerDrop, number>();

  constructor(ports: BfdPorts) {
    this.#ports = ports;
  }

  /** Datagrams that counted for nothing, by reason. */
  get drops(): ReadonlyMap<BfdSpeakerDrop, number> {
    return this.#drops;
  }

  session(name: string): BfdSession | undefined {
    return this.#entries.get(name)?.session;
  }

  /** Starts a session, in place of the one of this name. */
  add(wish: BfdWish): void {
    this.remove(wish.name);
    const { random, clock } = this.#ports;
    const { options, memory } = wish;
    const discriminator = this.#freeDiscriminator(memory);
    const session = new BfdSession(discriminator, options, { random, memory });
    const entry: Entry = { wish, session, timer: undefined, isReading: false };
    this.#entries.set(wish.name, entry);
    this.#byDiscriminator.set(discriminator, entry);
    this.#byPath.set(bfdPathKey(wish.path), entry);
    this.#perform(entry, session.start(clock.now()));
  }

  configure(name: string, timers: BfdTimers): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) this.#perform(entry, entry.session.configure(timers));
  }

  /** Tells the peer that this is no failure, and forgets the session. */
  remove(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#perform(entry, entry.session.stop(this.#ports.clock.now()));
    entry.timer?.cancel();
    this.#entries.delete(name);
    this.#byDiscriminator.delete(entry.session.discriminator);
    const key = bfdPathKey(entry.wish.path);
    if (this.#byPath.get(key) === entry) this.#byPath.delete(key);
  }

  /** Every session says that it was shut down, and goes on to say so until the process ends. */
  shutDown(): void {
    const now = this.#ports.clock.now();
    for (const entry of this.#entries.values()) this.#perform(entry, entry.session.stop(now));
  }

  /** @param from where it has come from, by hops that the socket has checked */
  received(bytes: Uint8Array, from: BfdPath): void {
    const packet = decoded(bytes);
    if (packet === undefined) return this.#count('malformed');
    const entry = this.#find(packet, from);
    if (entry === undefined) return this.#count('unknown-session');
    const outcome = entry.session.received(packet, bytes, this.#ports.clock.now());
    if (typeof outcome === 'string') return this.#count(outcome);
    this.#perform(entry, outcome);
  }

  /** RFC 5880 §6.8.6: by what the peer says is ours, and by the way it came while the peer knows nothing of ours. */
  #find({ yourDiscriminator }: BfdPacket, from: BfdPath): Entry | undefined {
    const entry =
      yourDiscriminator === 0
        ? (this.#byPath.get(bfdPathKey(from)) ?? this.#byPath.get(bfdPathKey(byAny(from))))
        : this.#byDiscriminator.get(yourDiscriminator);
    // What may come from afar is looked at less closely: it must not speak for a neighbour.
    return entry?.wish.path.isMultihop === from.isMultihop ? entry : undefined;
  }

  #freeDiscriminator(memory: BfdMemory | undefined): number {
    if (memory !== undefined && !this.#byDiscriminator.has(memory.discriminator)) {
      return memory.discriminator;
    }
    for (;;) {
      const discriminator = 1 + Math.floor(this.#ports.random() * LARGEST_DISCRIMINATOR);
      if (!this.#byDiscriminator.has(discriminator)) return discriminator;
    }
  }

  #perform(entry: Entry, actions: readonly BfdAction[]): void {
    const { name } = entry.wish;
    for (const action of actions) {
      if (action.do === 'send') this.#ports.send(name, action.bytes);
      else if (action.do === 'tell') this.#ports.tell(name, action.event);
      else this.#ports.keep(name, action.memory);
    }
    this.#arm(entry);
  }

  #arm(entry: Entry): void {
    entry.timer?.cancel();
    if (this.#entries.get(entry.wish.name) !== entry) return;
    const { session, isReading } = entry;
    const at = isReading ? session.transmitAt : Math.min(session.transmitAt, session.expireAt);
    const { clock } = this.#ports;
    entry.timer =
      at === Number.POSITIVE_INFINITY
        ? undefined
        : clock.after(Math.max(0, at - clock.now()), () => this.#due(entry));
  }

  #due(entry: Entry): void {
    const now = this.#ports.clock.now();
    if (now >= entry.session.expireAt && !entry.isReading) {
      entry.isReading = true;
      this.#ports.afterReading(() => {
        entry.isReading = false;
        if (this.#entries.get(entry.wish.name) !== entry) return;
        this.#perform(entry, entry.session.expire(this.#ports.clock.now()));
      });
    }
    this.#perform(entry, entry.session.transmit(now));
  }

  #count(reason: BfdSpeakerDrop): void {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + 1);
  }
}

/** A session of no interface in particular takes what comes by each. */
function byAny(from: BfdPath): BfdPath {
  return { ...from, interface: undefined };
}

function decoded(bytes: Uint8Array): BfdPacket | undefined {
  try {
    return decodeBfd(bytes);
  } catch (error) {
    if (error instanceof MalformedPacketError) return undefined;
    throw error;
  }
}
