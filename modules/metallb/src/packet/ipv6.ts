import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import type { IpEnds } from './checksum.ts';

export const PROTOCOL_UDP = 17;
export const NEXT_HEADER_FRAGMENT = 44;
export const NEXT_HEADER_ICMPV6 = 58;

const VERSION = 6;
/** Without extension headers. */
export const IPV6_HEADER_LENGTH = 40;

/** RFC 8200 §3. */
export interface Ipv6Packet extends IpEnds {
  /** As written in the header: extension headers are not followed, they stay in front of the payload. */
  readonly nextHeader: number;
  readonly hopLimit: number;
  /** A view that ends where the header says: Ethernet padding is cut off. */
  readonly payload: Uint8Array;
}

/** @throws MalformedPacketError when it is no IPv6 or shorter than its header says */
export function decodeIpv6(bytes: Uint8Array): Ipv6Packet {
  const reader = new ByteReader(bytes, 'IPv6');
  const version = reader.u32() >>> 28;
  if (version !== VERSION) throw reader.malformed(`version ${version}`);
  const payloadLength = reader.u16();
  return {
    nextHeader: reader.u8(),
    hopLimit: reader.u8(),
    source: reader.ip('IPv6'),
    destination: reader.ip('IPv6'),
    payload: reader.bytes(payloadLength),
  };
}

export function encodeIpv6(packet: Ipv6Packet): Uint8Array {
  return new ByteWriter(IPV6_HEADER_LENGTH + packet.payload.length)
    .u32(VERSION << 28)
    .u16(packet.payload.length)
    .u8(packet.nextHeader)
    .u8(packet.hopLimit)
    .ip(packet.source)
    .ip(packet.destination)
    .bytes(packet.payload)
    .finish();
}
