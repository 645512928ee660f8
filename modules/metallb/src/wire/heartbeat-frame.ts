import { familyOf, type IpAddress, ipFromBytes, ipToBytes } from '../net/ip.ts';
import { type MacAddress, macFromBytes, macToBytes, multicastMac } from '../net/mac.ts';
import {
  ETHER_TYPE_IPV4,
  ETHER_TYPE_IPV6,
  type EthernetFrame,
  encodeEthernet,
} from '../packet/ethernet.ts';
import { HEARTBEAT_PORT } from '../packet/heartbeat.ts';
import { decodeIpv4, encodeIpv4 } from '../packet/ipv4.ts';
import { decodeIpv6, encodeIpv6, PROTOCOL_UDP } from '../packet/ipv6.ts';
import { decodeUdp, encodeUdp } from '../packet/udp.ts';
import type { SegmentLink } from './segment-options.ts';

/** Neither routers nor copies of a frame from elsewhere: a heartbeat never leaves its segment. */
const HOP_LIMIT = 255;
/** That a heartbeat names: of 1,200 bytes these take at most 136. */
const MAX_ADDRESSES = 8;

export interface HeartbeatPath {
  readonly mac: MacAddress;
  readonly source: IpAddress;
  readonly group: IpAddress;
}

/** Undefined where the group is of IPv4 and the interface has no such address. */
export function heartbeatPath(link: SegmentLink, group: IpAddress): HeartbeatPath | undefined {
  const source = familyOf(group) === 'IPv6' ? linkLocalOf(link) : ipv4Of(link);
  return source === undefined ? undefined : { mac: link.mac, source, group };
}

/** The kernel's, or where it has none that of the MAC (network rule 14). */
export function linkLocalOf({ linkLocal, mac }: SegmentLink): IpAddress {
  return linkLocal ?? linkLocalFromMac(mac);
}

/** What this node's kernel can be asked for, by either protocol first of all; they also show its subnets. */
export function ownAddresses(link: SegmentLink): IpAddress[] {
  const first = [ipv4Of(link), link.linkLocal].filter((ip) => ip !== undefined);
  return [...new Set([...first, ...link.addresses])].slice(0, MAX_ADDRESSES);
}

function ipv4Of({ addresses }: SegmentLink): IpAddress | undefined {
  return addresses.find((ip) => familyOf(ip) === 'IPv4');
}

/** Ethernet, IP and UDP around an encoded heartbeat. */
export function wrapHeartbeat(
  heartbeat: Uint8Array,
  { mac, source, group }: HeartbeatPath,
): Uint8Array {
  const ends = { source, destination: group };
  const udp = { sourcePort: HEARTBEAT_PORT, destinationPort: HEARTBEAT_PORT, payload: heartbeat };
  const payload = encodeUdp(udp, ends);
  const packet =
    familyOf(group) === 'IPv6'
      ? encodeIpv6({ ...ends, nextHeader: PROTOCOL_UDP, hopLimit: HOP_LIMIT, payload })
      : encodeIpv4({ ...ends, protocol: PROTOCOL_UDP, ttl: HOP_LIMIT, payload });
  return encodeEthernet({
    destination: groupMac(group),
    source: mac,
    etherType: familyOf(group) === 'IPv6' ? ETHER_TYPE_IPV6 : ETHER_TYPE_IPV4,
    payload: packet,
  });
}

/**
 * The UDP payload of a frame for the heartbeat port that no router has forwarded; undefined for any other frame.
 * @throws MalformedPacketError
 */
export function unwrapHeartbeat(frame: EthernetFrame): Uint8Array | undefined {
  if (frame.etherType === ETHER_TYPE_IPV6) {
    const packet = decodeIpv6(frame.payload);
    if (packet.nextHeader !== PROTOCOL_UDP || packet.hopLimit !== HOP_LIMIT) return undefined;
    return payloadOf(decodeUdp(packet.payload, packet));
  }
  if (frame.etherType !== ETHER_TYPE_IPV4) return undefined;
  const packet = decodeIpv4(frame.payload);
  if (packet.protocol !== PROTOCOL_UDP || packet.ttl !== HOP_LIMIT) return undefined;
  return payloadOf(decodeUdp(packet.payload, packet));
}

function payloadOf(datagram: {
  destinationPort: number;
  payload: Uint8Array;
}): Uint8Array | undefined {
  return datagram.destinationPort === HEARTBEAT_PORT ? datagram.payload : undefined;
}

/** RFC 2464 §7 and RFC 1112 §6.4. */
function groupMac(group: IpAddress): MacAddress {
  const bytes = ipToBytes(group);
  if (bytes.length === 16) return multicastMac(bytes);
  return macFromBytes(
    Uint8Array.of(0x01, 0x00, 0x5e, (bytes[1] ?? 0) & 0x7f, bytes[2] ?? 0, bytes[3] ?? 0),
  );
}

/** RFC 4291 appendix A: what the kernel would give itself, where it has no link-local address (`::` may not send UDP). */
function linkLocalFromMac(mac: MacAddress): IpAddress {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = macToBytes(mac);
  return ipFromBytes(Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f));
}
