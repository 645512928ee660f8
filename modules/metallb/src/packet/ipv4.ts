import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { type IpEnds, internetChecksum, withChecksum } from './checksum.ts';

const VERSION = 4;
const HEADER_LENGTH = 20;
const CHECKSUM_AT = 10;
const FLAG_DONT_FRAGMENT = 0x4000; // RFC 791 §3.1
const FRAGMENT_MASK = 0x3fff; // more-fragments flag and fragment offset

/** RFC 791, as far as whole packets without options need it. */
export interface Ipv4Packet extends IpEnds {
  readonly protocol: number;
  readonly ttl: number;
  /** A view that ends where the header says: Ethernet padding is cut off. */
  readonly payload: Uint8Array;
}

/** Options are skipped. @throws MalformedPacketError for fragments, a wrong checksum, and cut-off packets */
export function decodeIpv4(bytes: Uint8Array): Ipv4Packet {
  const reader = new ByteReader(bytes, 'IPv4');
  const versionAndLength = reader.u8();
  const version = versionAndLength >>> 4;
  const headerLength = (versionAndLength & 0x0f) * 4;
  if (version !== VERSION) throw reader.malformed(`version ${version}`);
  if (headerLength < HEADER_LENGTH) throw reader.malformed(`header length ${headerLength}`);
  const header = new ByteReader(bytes, 'IPv4').bytes(headerLength);
  if (internetChecksum(header) !== 0) throw reader.malformed('header checksum');
  reader.skip(1);
  const payloadLength = reader.u16() - headerLength;
  reader.skip(2);
  if ((reader.u16() & FRAGMENT_MASK) !== 0) throw reader.malformed('fragment');
  const ttl = reader.u8();
  const protocol = reader.u8();
  reader.skip(2);
  const source = reader.ip('IPv4');
  const destination = reader.ip('IPv4');
  reader.skip(headerLength - HEADER_LENGTH);
  return { source, destination, protocol, ttl, payload: reader.bytes(payloadLength) };
}

export function encodeIpv4(packet: Ipv4Packet): Uint8Array {
  const header = new ByteWriter(HEADER_LENGTH)
    .u8((VERSION << 4) | (HEADER_LENGTH / 4))
    .u8(0)
    .u16(HEADER_LENGTH + packet.payload.length)
    .u16(0)
    .u16(FLAG_DONT_FRAGMENT)
    .u8(packet.ttl)
    .u8(packet.protocol)
    .u16(0)
    .ip(packet.source)
    .ip(packet.destination)
    .finish();
  return new ByteWriter(HEADER_LENGTH + packet.payload.length)
    .bytes(withChecksum(header, CHECKSUM_AT, internetChecksum(header)))
    .bytes(packet.payload)
    .finish();
}
