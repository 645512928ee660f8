import { ipFromBytes } from '../../../modules/metallb/src/net/ip.ts';
import {
  type IpEnds,
  internetChecksum,
  transportChecksum,
  withChecksum,
} from '../../../modules/metallb/src/packet/checksum.ts';
import {
  IPV6_HEADER_LENGTH,
  NEXT_HEADER_ICMPV6,
  PROTOCOL_UDP,
} from '../../../modules/metallb/src/packet/ipv6.ts';

/** What to do with the payload of a UDP datagram, in place, before its checksum is made. */
type MendPayload = (payload: Uint8Array, port: number) => void;

const IPV4_HEADER_LENGTH = 20;
const UDP_HEADER_LENGTH = 8;
const CHECKSUM_AT = { ipv4: 10, udp: 6, icmp: 2 } as const;

/** Makes the checksums of an IPv4 packet right, in place. No length is believed: what does not fit stays as it is. */
export function mendIpv4(packet: Uint8Array, mendPayload?: MendPayload): void {
  const headerLength = ((packet[0] ?? 0) & 0xf) * 4;
  if (headerLength < IPV4_HEADER_LENGTH || packet.length < headerLength) return;
  const ends = endsAt(packet, 12, 4);
  const payload = packet.subarray(headerLength, u16(packet, 2));
  mendTransport(payload, packet[9], ends, mendPayload);
  write(packet.subarray(0, headerLength), CHECKSUM_AT.ipv4, internetChecksum);
}

/** Those of an IPv6 packet. */
export function mendIpv6(packet: Uint8Array, mendPayload?: MendPayload): void {
  if (packet.length < IPV6_HEADER_LENGTH) return;
  const payload = packet.subarray(IPV6_HEADER_LENGTH, IPV6_HEADER_LENGTH + u16(packet, 4));
  mendTransport(payload, packet[6], endsAt(packet, 8, 16), mendPayload);
}

/** That of a UDP datagram or an ICMPv6 message. */
export function mendTransport(
  bytes: Uint8Array,
  protocol: number | undefined,
  ends: IpEnds,
  mendPayload?: MendPayload,
): void {
  const checksum = (over: Uint8Array) => transportChecksum(ends, protocol ?? 0, over);
  if (protocol === NEXT_HEADER_ICMPV6) write(bytes, CHECKSUM_AT.icmp, checksum);
  if (protocol !== PROTOCOL_UDP) return;
  const datagram = bytes.subarray(0, u16(bytes, 4));
  mendPayload?.(datagram.subarray(UDP_HEADER_LENGTH), u16(datagram, 2));
  write(datagram, CHECKSUM_AT.udp, (over) => checksum(over) || 0xffff);
}

/** That of an ICMP message, in place. */
export function mendIcmp(message: Uint8Array): void {
  write(message, CHECKSUM_AT.icmp, internetChecksum);
}

function write(packet: Uint8Array, at: number, checksum: (packet: Uint8Array) => number): void {
  if (packet.length < at + 2) return;
  withChecksum(packet, at, 0);
  withChecksum(packet, at, checksum(packet));
}

function endsAt(packet: Uint8Array, at: number, length: number): IpEnds {
  return {
    source: ipFromBytes(packet.subarray(at, at + length)),
    destination: ipFromBytes(packet.subarray(at + length, at + 2 * length)),
  };
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
