import { captureFilter, peerFilter } from '../linux/capture-filter.ts';
import { YieldingSocket } from '../linux/yielding-socket.ts';
import type { MacAddress } from '../net/mac.ts';
import { parseRange } from '../net/range.ts';
import { HEARTBEAT_PORT, shortId } from '../packet/heartbeat.ts';
import type { Clock } from '../time/clock.ts';
import type { SegmentLink } from './segment-options.ts';
import type { FrameSocket, FrameSocketListener } from './wire.ts';

/** Reading goes on for so long before all but what peers send is thrown away until the event loop has turned. */
const SLICE_MS = 10;
/** The event loop had time to spare in so many slices in a row: some five seconds. */
const CALM = { busy: 0.5, slices: 20 };

export interface FrameSocketOptions extends FrameSocketListener {
  readonly clock: Clock;
  /** As configured. */
  readonly cluster: string;
  readonly onError: (error: unknown) => void;
}

/** Frames of one interface, through a filter that follows the pools. @throws PacketSocketError */
export async function openFrameSocket(
  link: SegmentLink,
  pools: readonly string[],
  options: FrameSocketOptions,
): Promise<FrameSocket> {
  const socket = new FloodProofSocket(link, pools, options);
  await socket.open();
  return socket;
}

/**
 * One capture for everything (network rule 16). What comes faster than it can be answered is answered in slices, and thrown
 * away between them but for what peers send, which takes a fifth of the time. While more comes than can be thrown away,
 * peers have a second capture to themselves, and the first one is open in slices.
 */
class FloodProofSocket implements FrameSocket {
  readonly #link: SegmentLink;
  readonly #options: FrameSocketOptions;
  #pools: readonly string[];
  #all: YieldingSocket;
  /** Of peers, while there is a flood. */
  #peers: YieldingSocket | undefined;
  #calmSlices = 0;
  #closed = false;

  constructor(link: SegmentLink, pools: readonly string[], options: FrameSocketOptions) {
    this.#link = link;
    this.#pools = pools;
    this.#options = options;
    this.#all = this.#newCapture();
  }

  open(): Promise<void> {
    return this.#all.open();
  }

  send(frame: Uint8Array): void {
    // A frame that the kernel refuses is lost, as on the wire.
    if (!this.#all.send(frame)) this.#peers?.send(frame);
  }

  setPools(pools: readonly string[]): void {
    this.#pools = pools;
    this.#all.setFilter(this.#filter());
  }

  close(): void {
    this.#closed = true;
    this.#all.close();
    this.#peers?.close();
  }

  #newCapture(): YieldingSocket {
    const { clock, onError } = this.#options;
    return new YieldingSocket(this.#link.name, {
      ...{ clock, onError, filter: this.#filter() },
      onFrame: (frame, readingMs) => this.#read(frame, readingMs),
      onFlood: () => this.#flooded(),
      onSlice: (busy) => this.#sliced(busy),
    });
  }

  #read(frame: Uint8Array, readingMs: number): void {
    this.#options.onFrame(frame, readingMs > SLICE_MS);
  }

  /** Told while the flood is being read: what sends must be open before that ends. */
  #flooded(): void {
    this.#calmSlices = 0;
    if (this.#peers !== undefined) return;
    const { clock, onError, onOverload } = this.#options;
    const filter = this.#peerFilter();
    this.#peers = new YieldingSocket(this.#link.name, {
      ...{ clock, filter, onError },
      onFrame: (frame, readingMs) => this.#read(frame, readingMs),
      // Somebody sends as a peer: it stands back from that, too, and there is no more to do.
      ...{ onFlood: () => undefined, onSlice: () => undefined },
    });
    try {
      this.#peers.openNow();
    } catch (error) {
      onError(error);
    }
    onOverload(true);
  }

  #sliced(busy: number): void {
    this.#calmSlices = busy < CALM.busy ? this.#calmSlices + 1 : 0;
    // Peers come and go.
    this.#peers?.setFilter(this.#peerFilter());
    if (this.#calmSlices === CALM.slices) void this.#goBack();
  }

  /** Never rejects. */
  async #goBack(): Promise<void> {
    const { onError, onOverload } = this.#options;
    const before = this.#all;
    const next = this.#newCapture();
    try {
      await next.open();
    } catch (error) {
      this.#calmSlices = 0;
      return onError(error);
    }
    if (this.#closed) return next.close();
    this.#all = next;
    next.setFilter(this.#filter());
    before.close();
    this.#peers?.close();
    this.#peers = undefined;
    onOverload(false);
  }

  #filter(): string {
    const pools = this.#pools.map(parseRange).filter((range) => typeof range !== 'string');
    return captureFilter({ ...this.#ofHeartbeats(), pools });
  }

  #peerFilter(): string {
    return peerFilter({ ...this.#ofHeartbeats(), peers: this.#options.peers() });
  }

  #ofHeartbeats(): { mac: MacAddress; cluster: string; heartbeatPort: number } {
    const cluster = shortId(this.#options.cluster);
    return { mac: this.#link.mac, cluster, heartbeatPort: HEARTBEAT_PORT };
  }
}
