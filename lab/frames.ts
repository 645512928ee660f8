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

/** With the source's own IP as target it is an announcement. */
export function arpRequest(source: { mac: string; ip: string }, target: string): Buffer {
  return Buffer.concat([
    ethernet('ff:ff:ff:ff:ff:ff', source.mac, ETHERTYPE.arp),
    Buffer.from('0001080006040001', 'hex'),
    macBytes(source.mac),
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

export function neighbourSolicitation(source: { mac: string; ip: string }, target: string): Buffer {
  const targetBytes = ipBytes(target);
  const group = Buffer.concat([
    Buffer.from('ff0200000000000000000001ff', 'hex'),
    targetBytes.subarray(13),
  ]);
  const message = Buffer.concat([
    Buffer.of(ICMPV6.solicitation, 0, 0, 0, 0, 0, 0, 0),
    targetBytes,
    Buffer.of(1, 1), // source link-layer address, 8 bytes
    macBytes(source.mac),
  ]);
  return icmpv6Frame(source, group, message);
}

/** @param message with zeros for its checksum, which are filled in */
function icmpv6Frame(source: { mac: string; ip: string }, group: Buffer, message: Buffer): Buffer {
  const sourceBytes = ipBytes(source.ip);
  message.writeUInt16BE(icmpv6Checksum(sourceBytes, group, message), 2);
  const header = Buffer.from('6000000000003aff', 'hex');
  header.writeUInt16BE(message.length, 4);
  return Buffer.concat([
    ethernet(multicastMac(group), source.mac, ETHERTYPE.ipv6),
    header,
    sourceBytes,
    group,
    message,
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
