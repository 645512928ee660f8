import { AdjRibOut, type Route } from '../../modules/metallb/src/bgp/adj-rib-out.ts';
import { Peering, type PeeringOptions } from '../../modules/metallb/src/bgp/peering.ts';
import type {
  Direction,
  PeeringAction,
  PeeringEvent,
} from '../../modules/metallb/src/bgp/peering-action.ts';
import { cidrsOf, parseRange } from '../../modules/metallb/src/net/range.ts';
import { NO_CAPABILITIES } from '../../modules/metallb/src/packet/bgp-capabilities.ts';
import { ip } from './addresses.ts';

const LATENCY_MS = 1;
const FURTHEST_MS = 10 * 60_000;

/** One side of a pair: its peering, and what has come of it. */
export class Speaker {
  readonly rib = new AdjRibOut();
  readonly peering: Peering;
  readonly events: PeeringEvent[] = [];
  /** Bytes sent, by what the first message of each piece is. */
  readonly sent: Uint8Array[] = [];
  readonly name: string;

  constructor(name: string, options: Partial<PeeringOptions>) {
    this.name = name;
    this.peering = new Peering({ ...DEFAULTS, ...options }, this.rib, () => 0);
  }

  get told(): string[] {
    return this.events.map(({ type }) => type);
  }
}

const DEFAULTS: PeeringOptions = {
  localAsn: 64_500,
  remoteAsn: 64_501,
  routerId: ip('192.0.2.1'),
  holdSeconds: 9,
  capabilities: { ...NO_CAPABILITIES, families: ['IPv4', 'IPv6'] },
  passive: false,
  connectRetryMs: 5_000,
  keepaliveMs: undefined,
  sendHoldMs: 240_000,
};

interface Pipe {
  readonly from: Speaker;
  readonly direction: Direction;
  readonly to: Speaker;
  readonly peer: Direction;
}

/** Two speakers and the connections between them, in virtual time. */
export class Pair {
  now = 0;
  /** Nothing passes while it is cut; what is sent is lost, as no TCP would repeat it in time. */
  isCut = false;
  readonly left: Speaker;
  readonly right: Speaker;
  readonly #queue: { at: number; run: () => void }[] = [];
  #pipes: Pipe[] = [];

  constructor(left: Partial<PeeringOptions> = {}, right: Partial<PeeringOptions> = {}) {
    this.left = new Speaker('left', left);
    this.right = new Speaker('right', {
      ...{ localAsn: 64_501, remoteAsn: 64_500, routerId: ip('192.0.2.2') },
      ...right,
    });
  }

  start(): void {
    for (const speaker of [this.left, this.right])
      this.act(speaker, speaker.peering.start(this.now));
  }

  act(speaker: Speaker, actions: readonly PeeringAction[]): void {
    for (const action of actions) this.#perform(speaker, action);
    const updates = speaker.peering.takeUpdates();
    if (updates.length > 0) this.act(speaker, updates);
  }

  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.#nextAt();
      if (next > end) break;
      this.now = Math.max(this.now, next);
      const due = this.#queue.filter(({ at }) => at <= this.now);
      if (due.length > 0) {
        for (const one of due) {
          this.#queue.splice(this.#queue.indexOf(one), 1);
          one.run();
        }
      } else {
        for (const speaker of [this.left, this.right])
          this.act(speaker, speaker.peering.time(this.now));
      }
    }
    this.now = end;
  }

  #nextAt(): number {
    const timers = [this.left, this.right].map(({ peering }) => peering.nextDeadline());
    return Math.min(...timers, ...this.#queue.map(({ at }) => at), this.now + FURTHEST_MS);
  }

  #perform(speaker: Speaker, action: PeeringAction): void {
    if (action.do === 'tell') speaker.events.push(action.event);
    else if (action.do === 'connect') this.#connect(speaker);
    else if (action.do === 'close') this.#close(speaker, action.direction);
    else this.#send(speaker, action.direction, action.bytes);
  }

  #connect(speaker: Speaker): void {
    const other = speaker === this.left ? this.right : this.left;
    this.#later(() => {
      if (this.isCut)
        return this.act(speaker, speaker.peering.lost('outgoing', 'no route to host', this.now));
      this.#pipes.push(
        { from: speaker, direction: 'outgoing', to: other, peer: 'incoming' },
        { from: other, direction: 'incoming', to: speaker, peer: 'outgoing' },
      );
      this.act(other, other.peering.makeRoom());
      this.act(other, other.peering.connected('incoming', NEXT_HOP, this.now));
      this.act(speaker, speaker.peering.connected('outgoing', NEXT_HOP, this.now));
    });
  }

  #send(speaker: Speaker, direction: Direction, bytes: Uint8Array): void {
    speaker.sent.push(bytes);
    const pipe = this.#pipeOf(speaker, direction);
    if (pipe === undefined || this.isCut) return;
    this.#later(() => this.act(pipe.to, pipe.to.peering.received(pipe.peer, bytes, this.now)));
  }

  #close(speaker: Speaker, direction: Direction): void {
    const pipe = this.#pipeOf(speaker, direction);
    if (pipe === undefined) return;
    this.#pipes = this.#pipes.filter(
      (each) => each !== pipe && !(each.from === pipe.to && each.direction === pipe.peer),
    );
    if (this.isCut) return;
    this.#later(() =>
      this.act(pipe.to, pipe.to.peering.lost(pipe.peer, 'closed by the peer', this.now)),
    );
  }

  #pipeOf(speaker: Speaker, direction: Direction): Pipe | undefined {
    return this.#pipes.find((pipe) => pipe.from === speaker && pipe.direction === direction);
  }

  #later(run: () => void): void {
    this.#queue.push({ at: this.now + LATENCY_MS, run });
  }
}

const NEXT_HOP = () => ({ global: ip('172.16.1.11') });

/** A route to one address, or several. */
export function routeTo(prefix: string, changes: Partial<Route['attributes']> = {}): Route {
  const range = parseRange(prefix);
  const [cidr] = typeof range === 'string' ? [] : cidrsOf(range);
  if (cidr === undefined) throw new Error(`${prefix} is no prefix`);
  const attributes = {
    ...{ asPath: [64_500], localPref: undefined, med: undefined },
    ...{ communities: [], largeCommunities: [], extendedCommunities: [], ...changes },
  };
  return { prefix: cidr, attributes };
}
