import type { IpAddress } from '../net/ip.ts';
import type { SegmentPorts } from './segment-options.ts';

/** Heartbeats and questions wait no longer than this; peers bury whom they miss for 300 ms. */
const SLICE_MS = 10;

/** Holds the elections of one slice, which look at one and the same state of the segment. */
export type Elect = (ip: IpAddress) => void;

/**
 * IPs whose election is due. A node that dies, leaves or comes is a reason to elect for thousands at once: they are
 * elected a few milliseconds at a time, and frames and timers have their turn in between.
 */
export class ElectionQueue {
  readonly #ports: Pick<SegmentPorts, 'clock' | 'afterQueuedFrames'>;
  readonly #begin: () => Elect | undefined;
  readonly #afterSlice: () => void;
  readonly #due = new Set<IpAddress>();
  #waits = false;

  /** @param begin starts a slice; undefined while there are no elections, and those who wait are forgotten */
  constructor(
    ports: Pick<SegmentPorts, 'clock' | 'afterQueuedFrames'>,
    begin: () => Elect | undefined,
    afterSlice: () => void,
  ) {
    this.#ports = ports;
    this.#begin = begin;
    this.#afterSlice = afterSlice;
  }

  get isEmpty(): boolean {
    return this.#due.size === 0;
  }

  /** Unless others wait already, the first of them are elected before this returns. */
  add(...all: readonly Iterable<IpAddress>[]): void {
    for (const ips of all) for (const ip of ips) this.#due.add(ip);
    if (!this.#waits) this.#electSome();
  }

  #electSome(): void {
    const { clock, afterQueuedFrames } = this.#ports;
    const elect = this.#begin();
    if (elect === undefined) return this.#due.clear();
    const endsAt = clock.now() + SLICE_MS;
    for (const ip of this.#due) {
      this.#due.delete(ip);
      elect(ip);
      if (clock.now() >= endsAt) break;
    }
    this.#waits = !this.isEmpty;
    if (this.#waits) {
      afterQueuedFrames(() => {
        this.#waits = false;
        this.#electSome();
      });
    }
    this.#afterSlice();
  }
}
