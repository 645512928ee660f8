import cap from 'cap';

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
  readonly onFrame: (frame: Uint8Array) => void;
}

/** The interface is missing or down, the filter is wrong, or the right to capture (NET_RAW) is. */
export class PacketSocketError extends Error {
  override readonly name = 'PacketSocketError';
}

/** A slot holds 64 KiB where the interface merges segments, so this is room for 64 frames there, 2,600 elsewhere. */
const RING_BYTES = 4 * 1_024 * 1_024;
/** More than any frame that this program speaks; longer ones are somebody else's. */
const MAX_FRAME_BYTES = 2_048;

/**
 * State of the module, on purpose: `cap` crashes the process when a closed capture or its buffer is collected as
 * garbage, so both live as long as the process. One buffer serves all, since frames are delivered one by one before
 * the next is read.
 */
const captures = new Set<InstanceType<typeof cap.Cap>>();
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
  const capture = await openInTurn(interfaceName, options.filter);
  return new CapSocket(interfaceName, capture, options.onFrame);
}

type OnLength = (length: number) => void;

/** One libpcap handle with one filter. `cap` can't change a filter, and a handle opened twice stays silent. */
class Capture {
  readonly #cap = new cap.Cap();
  #onLength: OnLength = () => undefined;

  constructor(interfaceName: string, filter: string) {
    captures.add(this.#cap);
    this.#cap.on('packet', (length, truncated) => {
      if (!truncated) this.#onLength(length);
    });
    try {
      this.#cap.open(interfaceName, filter, RING_BYTES, buffer);
    } catch (error) {
      throw new PacketSocketError(`can't capture on ${interfaceName}: ${messageOf(error)}`, {
        cause: error,
      });
    }
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
  }
}

class CapSocket implements PacketSocket {
  readonly #interfaceName: string;
  readonly #onFrame: (frame: Uint8Array) => void;
  #capture: Capture;
  #replacing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(interfaceName: string, capture: Capture, onFrame: (frame: Uint8Array) => void) {
    this.#interfaceName = interfaceName;
    this.#onFrame = onFrame;
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
    const next = await openInTurn(this.#interfaceName, filter);
    if (this.#closed) return next.close();
    const previous = this.#capture;
    this.#deliver(next);
    this.#capture = next;
    // What came before the new one was open waits in the old one's ring.
    await loopTurn();
    previous.close();
  }

  #deliver(capture: Capture): void {
    capture.deliverTo((length) => this.#onFrame(view(length)));
  }
}

function openInTurn(interfaceName: string, filter: string): Promise<Capture> {
  const opened = lastOpen.then(loopTurn).then(() => new Capture(interfaceName, filter));
  lastOpen = opened.catch(() => undefined);
  return opened;
}

function view(length: number): Uint8Array {
  return buffer.subarray(0, length);
}

/** After the sockets that were readable have been read. */
function loopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
