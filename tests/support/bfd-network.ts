import type { BfdReport, WantedBfdSession } from '../../modules/metallb/src/bfd/messages.ts';
import { bfdPathKey } from '../../modules/metallb/src/bfd/path.ts';
import { BfdSpeaker } from '../../modules/metallb/src/bfd/speaker.ts';
import { Sessions } from '../../modules/metallb/src/bfdd/sessions.ts';
import type {
  BfdReceiverOptions,
  BfdSenderOptions,
} from '../../modules/metallb/src/linux/bfd-socket.ts';
import type { TtlRule } from '../../modules/metallb/src/linux/ttl-filter.ts';
import type { IpAddress } from '../../modules/metallb/src/net/ip.ts';
import { ip } from './addresses.ts';
import { FAST } from './bfd-pair.ts';
import { FakeClock } from './fake-clock.ts';

const LATENCY_MS = 1;
const OWN = ip('192.0.2.1');
/** Odd enough to be nobody's neighbour among the ports, and no pattern to a reader. */
const DRAWS = [0.1, 0.7, 0.3, 0.9, 0.5];

/** A session as most tests want it. */
export function wanted(peer: string, changes: Partial<WantedBfdSession> = {}): WantedBfdSession {
  const path = { peer: ip(peer), interface: undefined, isMultihop: false };
  return {
    ...{ name: bfdPathKey(path), ...path, local: undefined, minimumTtl: 254, passive: false },
    ...{ timers: { desiredMinTxMs: 50, requiredMinRxMs: 50, detectMultiplier: 3 } },
    ...{ key: undefined, ...changes },
  };
}

/** A socket that packets come in by, as a test sees it. */
export interface SeenReceiver {
  readonly options: BfdReceiverOptions;
  rules: readonly TtlRule[];
}

interface Router {
  readonly speaker: BfdSpeaker;
  readonly told: string[];
}

/** This node's bfdd, and routers that speak BFD with it, in virtual time. */
export class BfdNetwork {
  readonly clock = new FakeClock();
  readonly reports: string[] = [];
  readonly receivers = new Set<SeenReceiver>();
  /** Of the senders that were opened, in this order. */
  readonly sourcePorts: number[] = [];
  /** As `node` keeps it. */
  readonly memory = new Map<string, unknown>();
  /** What the kernel says to whoever opens a socket or sends. */
  refusal: string | undefined;
  /** Routers hear nothing. */
  isDeaf = false;
  readonly #routers = new Map<IpAddress, Router>();
  #sessions: Sessions | undefined;
  #draws = 0;

  /** bfdd is started; one that ran before is gone without a word. */
  boot(): Sessions {
    this.receivers.clear();
    const sessions = new Sessions({
      ...{ clock: this.clock, random: () => this.#draw() },
      afterReading: (run) => this.clock.after(0, run),
      openReceiver: (options) => this.#openReceiver(options),
      openSender: (options) => this.#openSender(options, () => this.#sessions === sessions),
      tell: (name, report) => this.#sessions === sessions && this.#tell(name, report),
      remember: (entries) => this.#sessions === sessions && this.#remember(entries),
    });
    this.#sessions = sessions;
    return sessions;
  }

  /** @param port that packets of ours come to */
  addRouter(address: string, { isMultihop = false } = {}): Router {
    const told: string[] = [];
    const speaker = new BfdSpeaker({
      ...{ clock: this.clock, random: () => this.#draw(), keep: () => undefined },
      afterReading: (run) => this.clock.after(0, run),
      send: (_, bytes) =>
        this.clock.after(LATENCY_MS, () => this.#deliver(ip(address), isMultihop, bytes)),
      tell: (_, event) => told.push(event.type),
    });
    const path = { peer: OWN, interface: undefined, isMultihop };
    speaker.add({ name: 'us', path, options: FAST });
    const router = { speaker, told };
    this.#routers.set(ip(address), router);
    return router;
  }

  /** As bfdd does every second. */
  tellChanges(): void {
    this.#sessions?.tellChanges();
  }

  /** Power off. */
  removeRouter(address: string): void {
    this.#routers.delete(ip(address));
  }

  pass(ms: number): this {
    this.clock.advance(ms);
    return this;
  }

  get #entries(): Record<string, unknown> {
    return structuredClone(Object.fromEntries(this.memory));
  }

  /** bfdd is killed, and another comes `ageMs` after its last sign of life. */
  restart(ageMs: number): Sessions {
    const next = this.boot();
    next.resume(this.#entries, ageMs);
    return next;
  }

  #openReceiver(options: BfdReceiverOptions) {
    if (this.refusal !== undefined) throw new Error(this.refusal);
    const seen: SeenReceiver = { options, rules: [] };
    this.receivers.add(seen);
    return {
      accept: (rules: readonly TtlRule[]) => {
        seen.rules = rules;
      },
      close: () => {
        this.receivers.delete(seen);
      },
    };
  }

  #openSender(options: BfdSenderOptions, isAlive: () => boolean) {
    if (this.refusal !== undefined) throw new Error(this.refusal);
    const sourcePort = options.sourcePort ?? Math.floor(49_152 + this.#draw() * 16_384);
    this.sourcePorts.push(sourcePort);
    let isOpen = true;
    return {
      sourcePort,
      send: (bytes: Uint8Array) => {
        if (!isOpen || !isAlive()) return;
        if (this.refusal !== undefined) return options.onError(new Error(this.refusal));
        if (this.isDeaf) return;
        this.clock.after(LATENCY_MS, () =>
          this.#routers.get(options.peer)?.speaker.received(bytes, {
            ...{ peer: OWN, interface: undefined, isMultihop: options.port === 4784 },
          }),
        );
      },
      close: () => {
        isOpen = false;
      },
    };
  }

  #deliver(from: IpAddress, isMultihop: boolean, bytes: Uint8Array): void {
    if (!this.#routers.has(from)) return;
    const port = isMultihop ? 4784 : 3784;
    const receiver = [...this.receivers].find(({ options }) => options.port === port);
    receiver?.options.onPacket(bytes, from);
  }

  #tell(name: string, { standing, why }: BfdReport): void {
    this.reports.push(`${name}: ${standing}${why === '' ? '' : `, ${why}`}`);
  }

  #remember(entries: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(entries)) {
      if (value === null) this.memory.delete(name);
      else this.memory.set(name, structuredClone(value));
    }
  }

  #draw(): number {
    this.#draws += 1;
    return ((DRAWS[this.#draws % DRAWS.length] ?? 0) + this.#draws / 1_000) % 1;
  }
}
