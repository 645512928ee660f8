import { type IpAddress, ipFromBytes, solicitedNodeGroup } from '../net/ip.ts';
import { type MacAddress, macFromBytes, macToBytes } from '../net/mac.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { type IpEnds, transportChecksum, withChecksum } from './checksum.ts';
import { encodeIpv6, IPV6_HEADER_LENGTH, type Ipv6Packet, NEXT_HEADER_ICMPV6 } from './ipv6.ts';

const TYPE_NEIGHBOR_SOLICITATION = 135; // RFC 4861 §4.3
const TYPE_NEIGHBOR_ADVERTISEMENT = 136; // RFC 4861 §4.4
const FLAG_ROUTER = 0x8000_0000;
const FLAG_SOLICITED = 0x4000_0000;
const FLAG_OVERRIDE = 0x2000_0000;
const OPTION_SOURCE_LINK_LAYER_ADDRESS = 1; // RFC 4861 §4.6.1
const OPTION_TARGET_LINK_LAYER_ADDRESS = 2;
const OPTION_NONCE = 14; // RFC 3971 §5.3.2
const OPTION_HEADER_LENGTH = 2;
/** Bytes of our nonces and proofs: with the 2 of its header the option must be a multiple of 8. */
export const NDP_NONCE_LENGTH = 22;
const LINK_LAYER_OPTION_LENGTH = 8;
/** RFC 4861 §7.1: proves that no router forwarded the packet. */
const HOP_LIMIT = 255;
const FIXED_LENGTH = 24;
const CHECKSUM_AT = 2;

/** The unspecified address `::`, the source of duplicate address detection. */
export const UNSPECIFIED_IPV6 = ipFromBytes(new Uint8Array(16));
/** ff02::1. */
export const ALL_NODES: IpAddress = ipFromBytes(
  Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
);

export interface NeighborSolicitation {
  readonly kind: 'neighbor-solicitation';
  readonly target: IpAddress;
  readonly sourceLinkLayerAddress?: MacAddress;
  readonly nonce?: Uint8Array;
}

export interface NeighborAdvertisement {
  readonly kind: 'neighbor-advertisement';
  readonly target: IpAddress;
  readonly router: boolean;
  readonly solicited: boolean;
  readonly override: boolean;
  readonly targetLinkLayerAddress?: MacAddress;
  readonly nonce?: Uint8Array;
}

export type NdpMessage = NeighborSolicitation | NeighborAdvertisement;

/**
 * The solicitation or advertisement in `packet`, or undefined for any other ICMPv6 message.
 * @throws MalformedPacketError when it fails a check of RFC 4861 §7.1.1 or §7.1.2
 */
export function decodeNdp(packet: Ipv6Packet): NdpMessage | undefined {
  const reader = new ByteReader(packet.payload, 'neighbor discovery');
  if (packet.nextHeader !== NEXT_HEADER_ICMPV6) throw reader.malformed('not ICMPv6');
  const type = reader.u8();
  if (type !== TYPE_NEIGHBOR_SOLICITATION && type !== TYPE_NEIGHBOR_ADVERTISEMENT) return undefined;
  if (packet.hopLimit !== HOP_LIMIT) throw reader.malformed(`hop limit ${packet.hopLimit}`);
  const code = reader.u8();
  if (code !== 0) throw reader.malformed(`code ${code}`);
  if (transportChecksum(packet, NEXT_HEADER_ICMPV6, packet.payload) !== 0) {
    throw reader.malformed('checksum');
  }
  reader.skip(2);
  return type === TYPE_NEIGHBOR_SOLICITATION
    ? readSolicitation(reader, packet)
    : readAdvertisement(reader, packet);
}

/** A whole IPv6 packet that is a solicitation, told from its type alone: the rest may be malformed. */
export function looksLikeSolicitation(packet: Uint8Array): boolean {
  return packet[IPV6_HEADER_LENGTH] === TYPE_NEIGHBOR_SOLICITATION;
}

function readSolicitation(reader: ByteReader, packet: Ipv6Packet): NeighborSolicitation {
  reader.skip(4);
  const target = readTarget(reader);
  const { linkLayerAddress, nonce } = readOptions(reader, OPTION_SOURCE_LINK_LAYER_ADDRESS);
  if (packet.source === UNSPECIFIED_IPV6) {
    if (linkLayerAddress !== undefined) throw reader.malformed('link-layer address of nobody');
    if (!isSolicitedNodeGroup(packet.destination)) {
      throw reader.malformed(`from :: to ${packet.destination}`);
    }
  }
  return {
    kind: 'neighbor-solicitation',
    target,
    ...(linkLayerAddress && { sourceLinkLayerAddress: linkLayerAddress }),
    ...(nonce && { nonce }),
  };
}

function readAdvertisement(reader: ByteReader, packet: Ipv6Packet): NeighborAdvertisement {
  const flags = reader.u32();
  const target = readTarget(reader);
  const { linkLayerAddress, nonce } = readOptions(reader, OPTION_TARGET_LINK_LAYER_ADDRESS);
  const solicited = (flags & FLAG_SOLICITED) !== 0;
  if (solicited && isMulticast(packet.destination)) throw reader.malformed('solicited by a group');
  return {
    kind: 'neighbor-advertisement',
    target,
    router: (flags & FLAG_ROUTER) !== 0,
    solicited,
    override: (flags & FLAG_OVERRIDE) !== 0,
    ...(linkLayerAddress && { targetLinkLayerAddress: linkLayerAddress }),
    ...(nonce && { nonce }),
  };
}

function readTarget(reader: ByteReader): IpAddress {
  const target = reader.ip('IPv6');
  if (isMulticast(target)) throw reader.malformed(`target ${target}`);
  return target;
}

interface Options {
  linkLayerAddress?: MacAddress;
  nonce?: Uint8Array;
}

/** Options that are not known are skipped (RFC 4861 §4.6). */
function readOptions(reader: ByteReader, linkLayerType: number): Options {
  const options: Options = {};
  while (reader.remaining > 0) {
    const type = reader.u8();
    const length = reader.u8() * 8;
    if (length === 0) throw reader.malformed(`option ${type} of length 0`);
    const value = reader.bytes(length - OPTION_HEADER_LENGTH);
    if (type === OPTION_NONCE) options.nonce = value;
    if (type === linkLayerType) {
      if (length !== LINK_LAYER_OPTION_LENGTH) throw reader.malformed(`option ${type} too long`);
      options.linkLayerAddress = macFromBytes(value);
    }
  }
  return options;
}

/** A whole IPv6 packet. A nonce must be 6, 14, 22 … bytes long, as its option comes in units of 8. */
export function encodeNdp(message: NdpMessage, ends: IpEnds): Uint8Array {
  const isSolicitation = message.kind === 'neighbor-solicitation';
  const linkLayerAddress = isSolicitation
    ? message.sourceLinkLayerAddress
    : message.targetLinkLayerAddress;
  const linkLayerOption = linkLayerAddress && macToBytes(linkLayerAddress);
  const optionsLength = optionUnits(linkLayerOption) * 8 + optionUnits(message.nonce) * 8;
  const writer = new ByteWriter(FIXED_LENGTH + optionsLength)
    .u8(isSolicitation ? TYPE_NEIGHBOR_SOLICITATION : TYPE_NEIGHBOR_ADVERTISEMENT)
    .u8(0)
    .u16(0)
    .u32(isSolicitation ? 0 : flagsOf(message))
    .ip(message.target);
  writeOption(
    writer,
    isSolicitation ? OPTION_SOURCE_LINK_LAYER_ADDRESS : OPTION_TARGET_LINK_LAYER_ADDRESS,
    linkLayerOption,
  );
  writeOption(writer, OPTION_NONCE, message.nonce);
  const bytes = writer.finish();
  const checksum = transportChecksum(ends, NEXT_HEADER_ICMPV6, bytes);
  return encodeIpv6({
    source: ends.source,
    destination: ends.destination,
    nextHeader: NEXT_HEADER_ICMPV6,
    hopLimit: HOP_LIMIT,
    payload: withChecksum(bytes, CHECKSUM_AT, checksum),
  });
}

function flagsOf(advertisement: NeighborAdvertisement): number {
  const router = advertisement.router ? FLAG_ROUTER : 0;
  const solicited = advertisement.solicited ? FLAG_SOLICITED : 0;
  const override = advertisement.override ? FLAG_OVERRIDE : 0;
  return router + solicited + override;
}

function optionUnits(value: Uint8Array | undefined): number {
  return value === undefined ? 0 : Math.ceil((OPTION_HEADER_LENGTH + value.length) / 8);
}

function writeOption(writer: ByteWriter, type: number, value: Uint8Array | undefined): void {
  if (value === undefined) return;
  const units = optionUnits(value);
  const padding = units * 8 - OPTION_HEADER_LENGTH - value.length;
  writer.u8(type).u8(units).bytes(value).bytes(new Uint8Array(padding));
}

function isMulticast(ip: IpAddress): boolean {
  return ip.startsWith('ff') && ip.indexOf(':') === 4;
}

/** RFC 4291 §2.7.1: ff02::1:ff00:0/104. */
function isSolicitedNodeGroup(ip: IpAddress): boolean {
  // Only a member of that prefix is the solicited-node group of itself.
  return ipFromBytes(solicitedNodeGroup(ip)) === ip;
}
