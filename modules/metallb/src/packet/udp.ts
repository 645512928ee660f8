import { familyOf } from '../net/ip.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { type IpEnds, transportChecksum, withChecksum } from './checksum.ts';
import { PROTOCOL_UDP } from './ipv6.ts';

const HEADER_LENGTH = 8;
const CHECKSUM_AT = 6;
const NO_CHECKSUM = 0; // RFC 768: not computed. RFC 8200 §8.1 forbids it over IPv6.

/** RFC 768. */
export interface UdpDatagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

/** @throws MalformedPacketError when it is cut off or its checksum is wrong */
export function decodeUdp(bytes: Uint8Array, ends: IpEnds): UdpDatagram {
  const reader = new ByteReader(bytes, 'UDP');
  const sourcePort = reader.u16();
  const destinationPort = reader.u16();
  const length = reader.u16();
  const checksum = reader.u16();
  const payload = reader.bytes(length - HEADER_LENGTH);
  const unchecked = checksum === NO_CHECKSUM && familyOf(ends.source) === 'IPv4';
  const datagram = new ByteReader(bytes, 'UDP').bytes(length);
  if (!unchecked && (checksum === NO_CHECKSUM || udpChecksum(ends, datagram) !== 0)) {
    throw reader.malformed('checksum');
  }
  return { sourcePort, destinationPort, payload };
}

export function encodeUdp(datagram: UdpDatagram, ends: IpEnds): Uint8Array {
  const length = HEADER_LENGTH + datagram.payload.length;
  const bytes = new ByteWriter(length)
    .u16(datagram.sourcePort)
    .u16(datagram.destinationPort)
    .u16(length)
    .u16(NO_CHECKSUM)
    .bytes(datagram.payload)
    .finish();
  // RFC 768: a computed zero is sent as its other form, all ones.
  return withChecksum(bytes, CHECKSUM_AT, udpChecksum(ends, bytes) || 0xffff);
}

function udpChecksum(ends: IpEnds, datagram: Uint8Array): number {
  return transportChecksum(ends, PROTOCOL_UDP, datagram);
}
