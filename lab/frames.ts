import { ipFromBytes, ipToBytes, parseIp } from '../modules/metallb/src/net/ip.ts';
import {
  macFromBytes,
  macToBytes,
  multicastMac,
  parseMac,
} from '../modules/metallb/src/net/mac.ts';

/**
 * The few frames that probers send and captures list. Written apart from the product's packet/ folder on purpose: a
 * mistake there must not hide itself here.
 */

/** Who says that an IP is at a MAC, and how. */
export interface Claim {
  readonly kind: 'arp-request' | 'arp-reply' | 'neighbour-advertisement';
  readonly ip: string;
  readonly mac: string;
  readonly sourceMac: string;
  readonly destinationMac: string;
  /** ARP: sender and target IP are the same. NA: the Solicited flag is off. */
  readonly gratuitous: boolean;
}

const ETHERTYPE = { arp: 0x0806, ipv6: 0x86dd } as const;
const ICMPV6 = { protocol: 58, solicitation: 135, advertisement: 136 } as const;
const OVERRIDE = 0x20; // RFC 4861 §4.4
const FRAGMENT = 44;

/** How a request departs from a broadcast whose sender hardware address is the frame's source. */
export interface RequestWish {
  readonly destinationMac?: string;
  readonly senderHardwareAddress?: string;
}

/** With the source's own IP as target it is an announcement. */
export function arpRequest(
  source: { mac: string; ip: string },
  target: string,
  wish: RequestWish = {},
): Buffer {
  const { destinationMac = 'ff:ff:ff:ff:ff:ff', senderHardwareAddress = source.mac } = wish;
  return Buffer.concat([
    ethernet(destinationMac, source.mac, ETHERTYPE.arp),
    Buffer.from('0001080006040001', 'hex'),
    macBytes(senderHardwareAddress),
    ipBytes(source.ip),
    Buffer.alloc(6),
    ipBytes(target),
    Buffer.alloc(18),
  ]);
}

/** Tells all hosts unasked, as ARP announcement or unsolicited neighbour advertisement, that `ip` is at `mac`. */
export function announcementOf(ip: string, mac: string): Buffer {
  return ip.includes(':') ? unsolicitedAdvertisement(ip, mac) : arpRequest({ mac, ip }, ip);
}

function unsolicitedAdvertisement(ip: string, mac: string): Buffer {
  const message = Buffer.concat([
    Buffer.of(ICMPV6.advertisement, 0, 0, 0, OVERRIDE, 0, 0, 0),
    ipBytes(ip),
    Buffer.of(2, 1), // target link-layer address, 8 bytes
    macBytes(mac),
  ]);
  return icmpv6Frame({ mac, ip }, ipBytes('ff02::1'), message);
}

/** The frame with an 802.1Q tag of this VLAN; VLAN 0 is a priority tag. */
export function tagged(frame: Buffer, vlanId: number): Buffer {
  const tag = Buffer.from('81000000', 'hex');
  tag.writeUInt16BE(vlanId, 2);
  return Buffer.concat([frame.subarray(0, 12), tag, frame.subarray(12)]);
}

/** How a solicitation departs from the usual multicast one with its source's link-layer address. */
export interface SolicitationWish {
  /** To this MAC and to the target's own address, as unreachability detection asks. */
  readonly unicastTo?: string;
  /** Put into the option instead of the frame's source; `none` leaves the option out. */
  readonly linkLayerAddress?: string;
  readonly hopLimit?: number;
  /** With a fragment header, whole as it is (an atomic fragment). */
  readonly fragment?: boolean;
}

export function neighbourSolicitation(
  source: { mac: string; ip: string },
  target: string,
  wish: SolicitationWish = {},
): Buffer {
  const targetBytes = ipBytes(target);
  const group = Buffer.concat([
    Buffer.from('ff0200000000000000000001ff', 'hex'),
    targetBytes.subarray(13),
  ]);
  const { unicastTo, linkLayerAddress = source.mac } = wish;
  const option = Buffer.concat([Buffer.of(1, 1), macBytes(source.mac)]);
  if (linkLayerAddress !== 'none') macBytes(linkLayerAddress).copy(option, 2);
  const message = Buffer.concat([
    Buffer.of(ICMPV6.solicitation, 0, 0, 0, 0, 0, 0, 0),
    targetBytes,
    ...(linkLayerAddress === 'none' ? [] : [option]),
  ]);
  const destination = unicastTo === undefined ? group : targetBytes;
  return icmpv6Frame(source, destination, message, wish);
}

/** @param message with zeros for its checksum, which are filled in */
function icmpv6Frame(
  source: { mac: string; ip: string },
  destination: Buffer,
  message: Buffer,
  wish: SolicitationWish = {},
): Buffer {
  const { unicastTo = multicastMac(destination), hopLimit = 255, fragment = false } = wish;
  const sourceBytes = ipBytes(source.ip);
  message.writeUInt16BE(icmpv6Checksum(sourceBytes, destination, message), 2);
  const atomic = fragment ? Buffer.of(ICMPV6.protocol, 0, 0, 0, 0, 0, 0, 1) : Buffer.alloc(0);
  const header = Buffer.from('6000000000000000', 'hex');
  header.writeUInt16BE(atomic.length + message.length, 4);
  header.set([fragment ? FRAGMENT : ICMPV6.protocol, hopLimit], 6);
  return Buffer.concat([
    ethernet(unicastTo, source.mac, ETHERTYPE.ipv6),
    ...[header, sourceBytes, destination, atomic, message],
  ]);
}

/** What the frame claims about an IP; undefined for other frames. */
export function readClaim(frame: Buffer): Claim | undefined {
  if (frame.length < 42) return undefined;
  const type = frame.readUInt16BE(12);
  if (type === ETHERTYPE.arp) return readArp(frame);
  return type === ETHERTYPE.ipv6 ? readAdvertisement(frame) : undefined;
}

function readArp(frame: Buffer): Claim {
  const senderIp = ipFromBytes(frame.subarray(28, 32));
  return {
    kind: frame.readUInt16BE(20) === 1 ? 'arp-request' : 'arp-reply',
    ip: senderIp,
    mac: macFromBytes(frame.subarray(22, 28)),
    ...endpoints(frame),
    gratuitous: senderIp === ipFromBytes(frame.subarray(38, 42)),
  };
}

function readAdvertisement(frame: Buffer): Claim | undefined {
  if (frame.length < 78 || frame[20] !== ICMPV6.protocol) return undefined;
  if (frame[54] !== ICMPV6.advertisement) return undefined;
  const hasTargetLinkLayerAddress = frame.length >= 86 && frame[78] === 2;
  return {
    kind: 'neighbour-advertisement',
    ip: ipFromBytes(frame.subarray(62, 78)),
    mac: hasTargetLinkLayerAddress
      ? macFromBytes(frame.subarray(80, 86))
      : endpoints(frame).sourceMac,
    ...endpoints(frame),
    gratuitous: ((frame[58] ?? 0) & 0x40) === 0,
  };
}

function endpoints(frame: Buffer): { sourceMac: string; destinationMac: string } {
  return {
    destinationMac: macFromBytes(frame.subarray(0, 6)),
    sourceMac: macFromBytes(frame.subarray(6, 12)),
  };
}

function ethernet(destination: string, source: string, type: number): Buffer {
  return Buffer.concat([
    macBytes(destination),
    macBytes(source),
    Buffer.of(type >> 8, type & 0xff),
  ]);
}

function icmpv6Checksum(source: Buffer, destination: Buffer, message: Buffer): number {
  const pseudo = Buffer.concat([
    source,
    destination,
    Buffer.of(0, 0, message.length >> 8, message.length & 0xff, 0, 0, 0, ICMPV6.protocol),
    message,
  ]);
  let sum = 0;
  for (let at = 0; at < pseudo.length; at += 2) sum += pseudo.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function macBytes(mac: string): Buffer {
  const parsed = parseMac(mac);
  if (parsed === undefined) throw new TypeError(`not a MAC address: ${mac}`);
  return Buffer.from(macToBytes(parsed));
}

function ipBytes(ip: string): Buffer {
  const parsed = parseIp(ip);
  if (parsed === undefined) throw new TypeError(`not an IP address: ${ip}`);
  return Buffer.from(ipToBytes(parsed));
}
