import { performance } from 'node:perf_hooks';
import type { Clock, Timer } from '../time/clock.ts';
import {
  type OnFrame,
  openPacketSocket,
  openPacketSocketNow,
  type PacketSocket,
  type Ring,
} from './packet-socket.ts';

/** Half of the time is left for all else on the machine. */
const SLICE_MS = 100;

export interface YieldingSocketOptions {
  readonly clock: Clock;
  readonly filter: string;
  readonly onFrame: OnFrame;
  /** More comes than is read: told while nothing else gets its turn. */
  readonly onFlood: () => void;
  /** After each slice: which share of it the event loop was busy. */
  readonly onSlice: (busy: number) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * A packet socket that stands back from a flood: from then on it is open in slices of time, with the smallest ring. Where
 * a slot of that holds a merged segment it is empty after each frame, so the event loop turns; where it holds more
 * frames, a slice ends as soon as it is too long.
 */
export class YieldingSocket {
  readonly #interfaceName: string;
  readonly #options: YieldingSocketOptions;
  #filter: string;
  #ring: Ring = 'deep';
  #socket: PacketSocket | undefined;
  #timer: Timer | undefined;
  #closed = false;

  constructor(interfaceName: string, options: YieldingSocketOptions) {
    this.#interfaceName = interfaceName;
    this.#options = options;
    this.#filter = options.filter;
  }

  /** @throws PacketSocketError */
  async open(): Promise<void> {
    const socket = await openPacketSocket(this.#interfaceName, this.#captureOptions());
    if (this.#closed) socket.close();
    else this.#socket = socket;
  }

  /** Blocks for about 25 ms. @throws PacketSocketError */
  openNow(): void {
    this.#socket = openPacketSocketNow(this.#interfaceName, this.#captureOptions());
  }

  #captureOptions() {
    const { onFrame } = this.#options;
    return { filter: this.#filter, ring: this.#ring, onFrame, onFlood: () => this.#flooded() };
  }

  /** @returns false when the kernel refused the frame, or while this stands back */
  send(frame: Uint8Array): boolean {
    return this.#socket?.send(frame) ?? false;
  }

  setFilter(filter: string): void {
    if (filter === this.#filter) return;
    this.#filter = filter;
    this.#socket?.replaceFilter(filter).catch(this.#options.onError);
  }

  /** Idempotent, for ever. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#socket?.close();
  }

  #flooded(): void {
    this.#options.onFlood();
    this.#ring = 'shallow';
    this.#rest();
  }

  #rest(): void {
    this.#socket?.close();
    this.#socket = undefined;
    this.#later(() => void this.#slice());
  }

  /** Never rejects. */
  async #slice(): Promise<void> {
    await this.open().catch(this.#options.onError);
    const before = performance.eventLoopUtilization();
    this.#later(() => {
      this.#rest();
      this.#options.onSlice(performance.eventLoopUtilization(before).utilization);
    });
  }

  #later(run: () => void): void {
    this.#timer?.cancel();
    if (!this.#closed) this.#timer = this.#options.clock.after(SLICE_MS, run);
  }
}
