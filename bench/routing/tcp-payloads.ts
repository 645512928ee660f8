import type { CapturedFrame } from '../../lab/capture.ts';
import { BGP_PORT } from '../../modules/metallb/src/api/bgp-fields.ts';

/** What a TCP segment over IPv4 carries. */
export interface TcpPayload {
  readonly epochMs: number;
  /** The first of its connection. */
  readonly isSyn: boolean;
  readonly isFromRouter: boolean;
  /** The port of whoever opened the connection. */
  readonly client: number;
  readonly bytes: Buffer;
}

const ETHERNET_BYTES = 14;
const FLAGS = { syn: 0x02, ack: 0x10 } as const;

/** @param frames of BGP, as tcpdump has kept them */
export function tcpPayloads(frames: readonly CapturedFrame[]): TcpPayload[] {
  return frames.map(({ epochMs, bytes: frame }) => {
    const packet = frame.subarray(ETHERNET_BYTES);
    const segment = packet.subarray((packet.readUInt8(0) & 0x0f) * 4, packet.readUInt16BE(2));
    const [source, target] = [segment.readUInt16BE(0), segment.readUInt16BE(2)];
    const flags = segment.readUInt8(13);
    const isFromRouter = source === BGP_PORT;
    return {
      ...{ epochMs, isFromRouter, client: isFromRouter ? target : source },
      isSyn: (flags & (FLAGS.syn | FLAGS.ack)) === FLAGS.syn,
      bytes: segment.subarray((segment.readUInt8(12) >> 4) * 4),
    };
  });
}
