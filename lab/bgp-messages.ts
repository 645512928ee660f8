import { join } from 'node:path';
import { ipFromBytes } from '../modules/metallb/src/net/ip.ts';
import { BgpFramer, type BgpMessage } from '../modules/metallb/src/packet/bgp-message.ts';
import { type CapturedFrame, startCapture } from './capture.ts';
import type { Lab } from './lab.ts';

const ETHERNET_BYTES = 14;
const IPV6_BYTES = 40;
const IPV6_ETHERTYPE = 0x86dd;
const SYN = 0x02;

/** Bytes of a TCP connection. */
interface Segment {
  readonly from: string;
  readonly port: number;
  readonly sequence: number;
  readonly isFirst: boolean;
  readonly bytes: Buffer;
}

/** One direction of a connection. */
interface Stream {
  readonly framer: BgpFramer;
  /** Sequence number of the byte that comes next. */
  next: number | undefined;
}

/** What a router hears meanwhile of those that have connected to it: their messages in order, by their addresses. */
export async function messagesTo(
  lab: Lab,
  host: string,
  meanwhile: () => Promise<unknown>,
): Promise<ReadonlyMap<string, readonly BgpMessage[]>> {
  const capture = await startCapture({
    ...{ namespace: lab.namespace(host), interfaceName: 'eth0', filter: 'tcp dst port 179' },
    file: join(lab.directory, `bgp-${Date.now()}.pcap`),
  });
  await meanwhile();
  return messagesIn(await capture.stopWithFrames());
}

/** A capture may begin between two messages of a connection, but not within one. */
export function messagesIn(
  frames: readonly CapturedFrame[],
): ReadonlyMap<string, readonly BgpMessage[]> {
  const streams = new Map<string, Stream>();
  const messages = new Map<string, BgpMessage[]>();
  for (const segment of frames.map(segmentOf)) {
    const { from, port, isFirst } = segment;
    const key = `${from} ${port}`;
    const known = isFirst ? undefined : streams.get(key);
    const stream = known ?? { framer: new BgpFramer(), next: undefined };
    streams.set(key, stream);
    const said = messages.get(from) ?? [];
    messages.set(from, said);
    for (const { type, body } of stream.framer.messages(unheardOf(segment, stream))) {
      said.push({ type, body: body.slice() });
    }
  }
  return messages;
}

/** Without what is sent once more. @throws where the capture has missed something */
function unheardOf({ from, sequence, bytes }: Segment, stream: Stream): Buffer {
  if (bytes.length === 0) return bytes;
  const heardBytes = ((stream.next ?? sequence) - sequence) | 0;
  if (heardBytes < 0) throw new Error(`${-heardBytes} bytes from ${from} are not in the capture`);
  if (heardBytes < bytes.length) stream.next = sequence + bytes.length;
  return bytes.subarray(heardBytes);
}

function segmentOf({ bytes: frame }: CapturedFrame): Segment {
  const ip = frame.subarray(ETHERNET_BYTES);
  const isIpv6 = frame.readUInt16BE(ETHERNET_BYTES - 2) === IPV6_ETHERTYPE;
  const source = isIpv6 ? ip.subarray(8, 24) : ip.subarray(12, 16);
  const headerBytes = isIpv6 ? IPV6_BYTES : 4 * ((ip[0] ?? 0) & 0x0f);
  // A short frame is filled up.
  const end = isIpv6 ? IPV6_BYTES + ip.readUInt16BE(4) : ip.readUInt16BE(2);
  const tcp = ip.subarray(headerBytes, end);
  return {
    from: ipFromBytes(source),
    port: tcp.readUInt16BE(0),
    sequence: tcp.readUInt32BE(4),
    isFirst: ((tcp[13] ?? 0) & SYN) !== 0,
    bytes: tcp.subarray(4 * ((tcp[12] ?? 0) >> 4)),
  };
}
