import type { BfdKey } from '../bfd/authentication.ts';
import type { BfdReport, BfdStanding, WantedBfdSession } from '../bfd/messages.ts';
import { type KeptBfdSession, parseKeptSession } from '../bfd/parse-messages.ts';
import type { BfdEvent, BfdMemory, BfdOptions } from '../bfd/session.ts';
import { BfdSpeaker } from '../bfd/speaker.ts';
import type { BfdSender, BfdSenderOptions } from '../linux/bfd-socket.ts';
import { BFD_PORT } from '../packet/bfd.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { Receivers, type ReceiversPorts } from './receivers.ts';

export interface SessionsPorts {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly afterReading: (run: () => void) => void;
  readonly openReceiver: ReceiversPorts['open'];
  /** @throws what the kernel refuses */
  readonly openSender: (options: BfdSenderOptions) => BfdSender;
  readonly tell: (name: string, report: BfdReport) => void;
  /** Of a session that is Up, by a key of its own; `null` for what must not be resumed. */
  readonly remember: (entries: Readonly<Record<string, unknown>>) => void;
}

interface Session {
  wanted: WantedBfdSession;
  standing: BfdStanding;
  sender: BfdSender | undefined;
  sourcePort: number | undefined;
  /** Why nothing can be sent. */
  problem: string | undefined;
  told: string;
}

/**
 * A router that has been told to speak BFD no more may just fall silent, as FRR does: who waited for it to be Up again would
 * wait for ever. While the path is broken, BGP finds that out for itself.
 */
const FORGOTTEN_MS = 30_000;
/** Interfaces, addresses and ports come and go without a word. */
const RETRY_MS = 250;
const STANDING_AFTER: Readonly<Record<BfdEvent['type'], BfdStanding>> = {
  ...{ up: 'Up', failed: 'Down', ended: 'AdminDown' },
};

/** All BFD sessions of this node with their sockets: as they are wanted, and as a process before has left them. */
export class Sessions {
  readonly #ports: SessionsPorts;
  readonly #sessions = new Map<string, Session>();
  readonly #speaker: BfdSpeaker;
  readonly #receivers: Receivers;
  #retry: Timer | undefined;

  constructor(ports: SessionsPorts) {
    this.#ports = ports;
    const { clock, random, afterReading } = ports;
    this.#speaker = new BfdSpeaker({
      ...{ clock, random, afterReading },
      send: (name, bytes) => this.#send(name, bytes),
      tell: (name, event) => this.#happened(name, event),
      keep: (name, memory) => this.#keep(name, memory),
    });
    this.#receivers = new Receivers({
      open: ports.openReceiver,
      onPacket: (bytes, from) => this.#speaker.received(bytes, from),
    });
  }

  get reports(): ReadonlyMap<string, BfdReport> {
    return new Map([...this.#sessions].map(([name, each]) => [name, this.#reportOf(name, each)]));
  }

  /** Level-based: what is as it was is left alone. */
  setWanted(all: readonly WantedBfdSession[]): void {
    const names = new Set(all.map(({ name }) => name));
    for (const name of this.#sessions.keys()) if (!names.has(name)) this.#remove(name);
    for (const wanted of all) {
      const session = this.#sessions.get(wanted.name);
      if (session === undefined || identityOf(session.wanted) !== identityOf(wanted)) {
        this.#remove(wanted.name);
        this.#enter(wanted);
      } else this.#update(session, wanted);
    }
    this.#open();
    this.tellChanges();
  }

  /**
   * Goes on where the process before has stopped. Where its peer has given up by now there is nothing to go on with.
   * @param ageMs how long ago that process was alive
   */
  resume(kept: Readonly<Record<string, unknown>>, ageMs: number): void {
    const sessions = Object.values(kept).flatMap((value) => {
      const session = parseKeptSession(value);
      return session instanceof Error || ageMs >= patienceOf(session) ? [] : [session];
    });
    for (const each of sessions) this.#enter(each.wanted).sourcePort = each.sourcePort;
    this.#open(new Map(sessions.map(({ wanted, memory }) => [wanted.name, memory])));
    this.tellChanges();
  }

  /** Tells what is told differently now: to be called every second, as time and reasons pass without an event. */
  tellChanges(): void {
    for (const [name, session] of this.#sessions) {
      if (session.standing === 'Down' && this.#isForgotten(name)) session.standing = 'Waiting';
      const report = this.#reportOf(name, session);
      const text = JSON.stringify(report);
      if (text === session.told) continue;
      session.told = text;
      this.#ports.tell(name, report);
    }
  }

  /** Peers learn that it is no failure, and nothing is left to resume. */
  shutDown(): void {
    this.#retry?.cancel();
    this.#speaker.shutDown();
  }

  #enter(wanted: WantedBfdSession): Session {
    const session: Session = {
      ...{ wanted, standing: 'Waiting', sender: undefined, sourcePort: undefined },
      ...{ problem: undefined, told: '' },
    };
    this.#sessions.set(wanted.name, session);
    return session;
  }

  #update(session: Session, wanted: WantedBfdSession): void {
    const isSame = JSON.stringify(session.wanted.timers) === JSON.stringify(wanted.timers);
    session.wanted = wanted;
    if (!isSame) this.#speaker.configure(wanted.name, wanted.timers);
  }

  #remove(name: string): void {
    const session = this.#sessions.get(name);
    if (session === undefined) return;
    this.#speaker.remove(name);
    session.sender?.close();
    this.#sessions.delete(name);
  }

  /** Sockets first: a session that begins has something to say. */
  #open(memories: ReadonlyMap<string, BfdMemory> = new Map()): void {
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#receivers.serve([...this.#sessions.values()].map(({ wanted }) => wanted));
    for (const [name, session] of this.#sessions) {
      if (session.sender === undefined) this.#openSender(session);
      if (this.#speaker.session(name) !== undefined) continue;
      const { wanted: path } = session;
      this.#speaker.add({ name, path, options: optionsOf(path), memory: memories.get(name) });
    }
    if (![...this.#sessions.values()].some((each) => this.#problemOf(each) !== undefined)) return;
    this.#retry = this.#ports.clock.after(RETRY_MS, () => this.#open());
  }

  #openSender(session: Session): void {
    const { peer, local, interface: name, isMultihop } = session.wanted;
    const { sourcePort } = session;
    try {
      session.sender = this.#ports.openSender({
        ...{ peer, local, interface: name, sourcePort, random: this.#ports.random },
        port: isMultihop ? BFD_PORT.multihop : BFD_PORT.singleHop,
        onError: (error) => this.#notSent(session, error),
      });
      session.sourcePort = session.sender.sourcePort;
      session.problem = undefined;
    } catch (error) {
      session.problem = wordsOf(error);
    }
  }

  #send(name: string, bytes: Uint8Array): void {
    const session = this.#sessions.get(name);
    if (session?.sender === undefined) return;
    session.problem = undefined;
    session.sender.send(bytes);
  }

  /** A socket of an interface that is gone stays so, whatever comes by its name. */
  #notSent(session: Session, error: unknown): void {
    session.problem = wordsOf(error);
    if (session.wanted.interface === undefined) return;
    session.sender?.close();
    session.sender = undefined;
    this.#receivers.leave(session.wanted);
    this.#retry ??= this.#ports.clock.after(RETRY_MS, () => this.#open());
  }

  #happened(name: string, event: BfdEvent): void {
    const session = this.#sessions.get(name);
    if (session === undefined) return;
    session.standing = STANDING_AFTER[event.type];
    this.tellChanges();
  }

  #keep(name: string, memory: BfdMemory | undefined): void {
    const session = this.#sessions.get(name);
    if (session === undefined) return;
    const { wanted, sourcePort } = session;
    const kept: KeptBfdSession | null =
      memory === undefined ? null : { wanted, sourcePort, memory };
    this.#ports.remember({ [name]: kept });
  }

  #isForgotten(name: string): boolean {
    const { heardAt = Number.POSITIVE_INFINITY } = this.#speaker.session(name) ?? {};
    return this.#ports.clock.now() - heardAt >= FORGOTTEN_MS;
  }

  #problemOf({ wanted, problem }: Session): string | undefined {
    const deaf = this.#receivers.problemOf(wanted);
    if (deaf !== undefined) return `can't receive: ${deaf}`;
    return problem === undefined ? undefined : `can't send: ${problem}`;
  }

  #reportOf(name: string, session: Session): BfdReport {
    const { standing } = session;
    if (standing === 'Up') return { standing, why: '' };
    const why = this.#problemOf(session) ?? this.#speaker.session(name)?.why ?? '';
    return { standing, why };
  }
}

/** Whatever can't change while a session lasts. */
function identityOf({ timers: _, minimumTtl: __, ...rest }: WantedBfdSession): string {
  return JSON.stringify(Object.entries(rest).sort());
}

function optionsOf({ timers, passive, key }: WantedBfdSession): BfdOptions {
  return { ...timers, passive, key: key && keyOf(key) };
}

function keyOf({ kind, id, secret }: NonNullable<WantedBfdSession['key']>): BfdKey {
  return { kind, id, secret: Buffer.from(secret, 'base64') };
}

/** RFC 5880 §6.8.4, as the peer counts. */
function patienceOf({ wanted, memory }: KeptBfdSession): number {
  const { desiredMinTxMs, remote } = memory;
  return wanted.timers.detectMultiplier * Math.max(desiredMinTxMs, remote.requiredMinRxMs);
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
