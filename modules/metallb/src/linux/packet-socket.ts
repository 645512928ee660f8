import cap from 'cap';
import { CaptureRun } from './capture-run.ts';

/** Frames in and out of one interface, all protocols, link-layer header included. */
export interface PacketSocket {
  /** @returns false when the kernel refused the frame (queue full, interface going down): lost, as on the wire */
  send(frame: Uint8Array): boolean;
  /**
   * Resolves once frames come through the new filter alone. Frames that match both filters are delivered throughout, for
   * a moment by both captures: a question that is answered twice costs nothing, one that is missed costs a second.
   * @throws PacketSocketError, and the old filter stays in force
   */
  replaceFilter(filter: string): Promise<void>;
  /** Idempotent. Blocks for about 25 ms. */
  close(): void;
}

export interface PacketSocketOptions {
  /**
   * libpcap syntax. It must leave out frames from the interface's own MAC: while a filter is replaced, the new capture
   * sees what the old one sent. (Not with `inbound`: libpcap then loses the first frame of each capture.)
   */
  readonly filter: string;
  /** The frame is valid until this returns: copy what must be kept. */
  readonly onFrame: OnFrame;
  /** `deep` when absent. */
  readonly ring?: Ring;
  /** Frames come faster than they are thrown away, and nothing else gets its turn until this closes the socket. */
  readonly onFlood?: () => void;
}

/** @param readingMs processor time that reading in one go has taken, while everything else waits */
export type OnFrame = (frame: Uint8Array, readingMs: number) => void;

/** Frames that the kernel keeps until they are read: many, or as few as it can. */
export type Ring = 'deep' | 'shallow';

/** The interface is missing or down, the filter is wrong, or the right to capture (NET_RAW) is. */
export class PacketSocketError extends Error {
  override readonly name = 'PacketSocketError';
}

/**
 * A slot holds 64 KiB where the interface merges segments: room for 64, 16 and one frame there, for 2,600, 650 and 40
 * elsewhere. The kernel clears a ring while the event loop stands still, 25 ms for a deep one, and keeps its memory: a
 * node with a hundred interfaces has few deep ones.
 */
const RING_BYTES = { deep: 4 * 1_024 * 1_024, ofMany: 1_024 * 1_024, shallow: 64 * 1_024 } as const;
const MOST_DEEP = 8;
/** Of reading in one go, although by then all but the most important frames are thrown away. */
const FLOOD_MS = 100;
/** More than any frame that this program speaks; longer ones are somebody else's. */
const MAX_FRAME_BYTES = 2_048;

/**
 * State of the module, on purpose: `cap` crashes the process when a closed capture or its buffer is collected as
 * garbage, so both live as long as the process. One buffer serves all, since frames are delivered one by one before
 * the next is read.
 */
const captures = new Set<InstanceType<typeof cap.Cap>>();
const open = new Set<object>();
const buffer = Buffer.alloc(MAX_FRAME_BYTES);
let lastOpen: Promise<unknown> = Promise.resolve();

/**
 * Opens queue up, one per event-loop turn: each blocks the loop for 14–28 ms, and what else is due must come between.
 * Once open, the interface going down or away ends the whole process (abort inside `cap`): run it in a child.
 * @throws PacketSocketError
 */
export async function openPacketSocket(
  interfaceName: string,
  options: PacketSocketOptions,
): Promise<PacketSocket> {
  const capture = await openInTurn(interfaceName, options);
  return new CapSocket(interfaceName, capture, options);
}

/** Where there is no time to wait for a turn. @throws PacketSocketError */
export function openPacketSocketNow(
  interfaceName: string,
  options: PacketSocketOptions,
): PacketSocket {
  return new CapSocket(interfaceName, new Capture(interfaceName, options), options);
}

type OnLength = (length: number) => void;
type CaptureWish = Pick<PacketSocketOptions, 'filter' | 'ring'>;

/** One libpcap handle with one filter. `cap` can't change a filter, and a handle opened twice stays silent. */
class Capture {
  readonly #cap = new cap.Cap();
  readonly openedInMs: number;
  #onLength: OnLength = () => undefined;

  constructor(interfaceName: string, { filter, ring = 'deep' }: CaptureWish) {
    captures.add(this.#cap);
    this.#cap.on('packet', (length, truncated) => {
      if (!truncated) this.#onLength(length);
    });
    const begun = performance.now();
    try {
      this.#cap.open(interfaceName, filter, ringBytes(ring), buffer);
      open.add(this);
    } catch (error) {
      throw new PacketSocketError(`can't capture on ${interfaceName}: ${messageOf(error)}`, {
        cause: error,
      });
    }
    this.openedInMs = performance.now() - begun;
  }

  deliverTo(onLength: OnLength): void {
    this.#onLength = onLength;
  }

  send(frame: Uint8Array): boolean {
    try {
      this.#cap.send(frame);
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    this.#onLength = () => undefined;
    this.#cap.close();
    open.delete(this);
  }
}

class CapSocket implements PacketSocket {
  readonly #interfaceName: string;
  readonly #options: PacketSocketOptions;
  #capture: Capture;
  #replacing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(interfaceName: string, capture: Capture, options: PacketSocketOptions) {
    this.#interfaceName = interfaceName;
    this.#options = options;
    this.#capture = capture;
    this.#deliver(capture);
  }

  send(frame: Uint8Array): boolean {
    return !this.#closed && this.#capture.send(frame);
  }

  replaceFilter(filter: string): Promise<void> {
    const replaced = this.#replacing.then(() => this.#replace(filter));
    this.#replacing = replaced.catch(() => undefined);
    return replaced;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#capture.close();
  }

  async #replace(filter: string): Promise<void> {
    if (this.#closed) return;
    const next = await openInTurn(this.#interfaceName, { ...this.#options, filter });
    if (this.#closed) return next.close();
    const previous = this.#capture;
    this.#deliver(next);
    this.#capture = next;
    // What came before the new one was open waits in the old one's ring.
    await loopTurn();
    previous.close();
  }

  #deliver(capture: Capture): void {
    const { onFrame, onFlood = () => undefined } = this.#options;
    const run = new CaptureRun(setImmediate);
    capture.deliverTo((length) => {
      const readingMs = run.frame();
      onFrame(view(length), readingMs);
      if (readingMs > FLOOD_MS) onFlood();
    });
  }
}

function ringBytes(ring: Ring): number {
  return ring === 'deep' && open.size >= MOST_DEEP ? RING_BYTES.ofMany : RING_BYTES[ring];
}

/** What is due between two opens has three times as long as the last one took: heartbeats of interfaces that are open, above all. */
function openInTurn(interfaceName: string, wish: CaptureWish): Promise<Capture> {
  const opened = lastOpen.then(loopTurn).then(() => new Capture(interfaceName, wish));
  lastOpen = opened.then(
    ({ openedInMs }) => delay(3 * openedInMs),
    () => undefined,
  );
  return opened;
}

function view(length: number): Uint8Array {
  return buffer.subarray(0, length);
}

function delay(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

/** After the sockets that were readable have been read. */
function loopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
