import { type IpAddress, ipToBytes } from '../net/ip.ts';

/** The ends of an IP packet, over which transport checksums run too. */
export interface IpEnds {
  readonly source: IpAddress;
  readonly destination: IpAddress;
}

/** RFC 1071: the 16-bit checksum of `bytes`; 0 when they hold their own correct checksum. */
export function internetChecksum(bytes: Uint8Array, initialSum = 0): number {
  let sum = initialSum + sumOf(bytes);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** RFC 8200 §8.1 (RFC 768 for IPv4): the checksum of an upper-layer packet together with its pseudo header. */
export function transportChecksum(ends: IpEnds, protocol: number, packet: Uint8Array): number {
  const pseudoHeader = sumOf(ipToBytes(ends.source)) + sumOf(ipToBytes(ends.destination));
  return internetChecksum(packet, pseudoHeader + protocol + packet.length);
}

/** Fills in the checksum field of a packet that was computed while it was zero. */
export function withChecksum(packet: Uint8Array, at: number, checksum: number): Uint8Array {
  packet[at] = checksum >>> 8;
  packet[at + 1] = checksum;
  return packet;
}

/** Of at most 65,535 bytes, so the sum stays below 2^32. */
function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 2) {
    sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
  }
  return sum;
}
