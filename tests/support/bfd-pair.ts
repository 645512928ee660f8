import type { BfdPath } from '../../modules/metallb/src/bfd/path.ts';
import type { BfdEvent, BfdMemory, BfdOptions } from '../../modules/metallb/src/bfd/session.ts';
import { BfdSpeaker } from '../../modules/metallb/src/bfd/speaker.ts';
import { type BfdPacket, decodeBfd } from '../../modules/metallb/src/packet/bfd.ts';
import { Random } from '../fuzz/random.ts';
import { ip } from './addresses.ts';
import { FakeClock } from './fake-clock.ts';

const LATENCY_MS = 1;
const NAME = 'peer';

/** Fifty milliseconds, three times: what a router's operator would ask for. */
export const FAST: BfdOptions = {
  ...{ desiredMinTxMs: 50, requiredMinRxMs: 50, detectMultiplier: 3 },
  ...{ passive: false, key: undefined },
};

export interface Sent {
  readonly at: number;
  readonly packet: BfdPacket;
  readonly bytes: Uint8Array;
}

/** One side of a pair: a speaker with one session, and what has come of it. */
export class Side {
  readonly events: { at: number; event: BfdEvent }[] = [];
  readonly sent: Sent[] = [];
  memory: BfdMemory | undefined;
  /** How often it was told. */
  keeps = 0;
  /** What comes waits for its reader, as where the event loop stands still. */
  isStalled = false;
  readonly #clock: FakeClock;
  readonly #random: () => number;
  readonly #deliver: (bytes: Uint8Array) => void;
  readonly #path: BfdPath;
  readonly #queue: Uint8Array[] = [];
  #speaker: BfdSpeaker | undefined;

  constructor(
    path: BfdPath,
    clock: FakeClock,
    random: () => number,
    deliver: (bytes: Uint8Array) => void,
  ) {
    this.#path = path;
    this.#clock = clock;
    this.#random = random;
    this.#deliver = deliver;
  }

  get told(): string[] {
    return this.events.map(({ event }) => event.type);
  }

  get state() {
    return this.#speaker?.session(NAME)?.state;
  }

  get why() {
    return this.#speaker?.session(NAME)?.why;
  }

  get detectionMs() {
    return this.#speaker?.session(NAME)?.detectionMs;
  }

  get drops(): Record<string, number> {
    return Object.fromEntries(this.#speaker?.drops ?? []);
  }

  start(options: Partial<BfdOptions> = {}, memory?: BfdMemory): void {
    const speaker = new BfdSpeaker({
      clock: this.#clock,
      random: this.#random,
      // One that was killed still has timers here.
      send: (_, bytes) => this.#speaker === speaker && this.#send(bytes),
      afterReading: (run) => this.#clock.after(0, () => this.#readThen(run)),
      tell: (_, event) =>
        this.#speaker === speaker && this.events.push({ at: this.#clock.now(), event }),
      keep: (_, kept) => {
        if (this.#speaker !== speaker) return;
        this.memory = kept;
        this.keeps += 1;
      },
    });
    this.#speaker = speaker;
    speaker.add({ name: NAME, path: this.#path, options: { ...FAST, ...options }, memory });
  }

  configure(timers: Partial<BfdOptions>): void {
    this.#speaker?.configure(NAME, { ...FAST, ...timers });
  }

  shutDown(): void {
    this.#speaker?.shutDown();
  }

  /** SIGKILL: not a word more. */
  kill(): void {
    this.#speaker = undefined;
  }

  hear(bytes: Uint8Array, changes: Partial<BfdPath> = {}): void {
    if (this.isStalled) this.#queue.push(bytes);
    else this.#speaker?.received(bytes, { ...this.#path, ...changes });
  }

  #readThen(run: () => void): void {
    for (const bytes of this.#queue.splice(0)) this.#speaker?.received(bytes, this.#path);
    run();
  }

  #send(bytes: Uint8Array): void {
    this.sent.push({ at: this.#clock.now(), packet: decodeBfd(bytes), bytes });
    this.#deliver(bytes);
  }
}

/** Two speakers and the link between them, in virtual time. */
export class BfdPair {
  readonly clock = new FakeClock();
  readonly left: Side;
  readonly right: Side;
  /** Of packets in either direction; 1: the cable is cut. */
  loss = 0;
  /** Nothing reaches this side. */
  deaf: Side | undefined;

  constructor(seed = 1) {
    const chance = new Random(seed);
    const random = () => chance.next() / 2 ** 32;
    const side = (peer: string, other: () => Side) =>
      new Side(
        { peer: ip(peer), interface: 'eth0', isMultihop: false },
        this.clock,
        random,
        (bytes) => {
          if (random() < this.loss || this.deaf === other()) return;
          this.clock.after(LATENCY_MS, () => other().hear(bytes));
        },
      );
    this.left = side('192.0.2.2', () => this.right);
    this.right = side('192.0.2.1', () => this.left);
  }

  start(left: Partial<BfdOptions> = {}, right: Partial<BfdOptions> = {}): this {
    this.left.start(left);
    this.right.start(right);
    return this;
  }

  pass(ms: number): this {
    this.clock.advance(ms);
    return this;
  }

  get states() {
    return [this.left.state, this.right.state];
  }
}
