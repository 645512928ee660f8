import { captureFilter } from '../linux/capture-filter.ts';
import { openPacketSocket, type PacketSocket } from '../linux/packet-socket.ts';
import type { MacAddress } from '../net/mac.ts';
import { parseRange } from '../net/range.ts';
import { HEARTBEAT_PORT } from '../packet/heartbeat.ts';
import type { SegmentLink } from './segment-options.ts';
import type { FrameSocket } from './wire.ts';

/** A packet socket whose filter follows the pools. @throws PacketSocketError */
export async function openFrameSocket(
  link: SegmentLink,
  pools: readonly string[],
  options: {
    readonly onFrame: (frame: Uint8Array) => void;
    readonly onError: (error: unknown) => void;
  },
): Promise<FrameSocket> {
  const filter = filterFor(link.mac, pools);
  const socket = await openPacketSocket(link.name, { filter, onFrame: options.onFrame });
  return new FilteredSocket(socket, link.mac, { filter, onError: options.onError });
}

class FilteredSocket implements FrameSocket {
  readonly #socket: PacketSocket;
  readonly #mac: MacAddress;
  readonly #onError: (error: unknown) => void;
  #filter: string;

  constructor(
    socket: PacketSocket,
    mac: MacAddress,
    { filter, onError }: { filter: string; onError: (error: unknown) => void },
  ) {
    this.#socket = socket;
    this.#mac = mac;
    this.#filter = filter;
    this.#onError = onError;
  }

  send(frame: Uint8Array): void {
    // A frame that the kernel refuses is lost, as on the wire.
    this.#socket.send(frame);
  }

  setPools(pools: readonly string[]): void {
    const filter = filterFor(this.#mac, pools);
    if (filter === this.#filter) return;
    this.#filter = filter;
    this.#socket.replaceFilter(filter).catch(this.#onError);
  }

  close(): void {
    this.#socket.close();
  }
}

function filterFor(mac: MacAddress, pools: readonly string[]): string {
  const ranges = pools.map(parseRange).filter((range) => typeof range !== 'string');
  return captureFilter({ pools: ranges, mac, heartbeatPort: HEARTBEAT_PORT });
}
