import { familyOf, type IpAddress } from '../net/ip.ts';
import { AS_TRANS } from './bgp-open.ts';
import { ByteWriter } from './byte-writer.ts';

/** What is said of a route beside its prefix. */
export interface BgpPath {
  /** The nearest AS first; empty to a peer of the own AS. */
  readonly asPath: readonly number[];
  readonly nextHop: BgpNextHop;
  /** Only to a peer of the own AS. */
  readonly localPref: number | undefined;
  readonly med: number | undefined;
  /** Each of 32 bits, RFC 1997. */
  readonly communities: readonly number[];
  /** RFC 8092 */
  readonly largeCommunities: readonly LargeCommunity[];
  /** Each of 64 bits, RFC 4360. */
  readonly extendedCommunities: readonly bigint[];
}

export type LargeCommunity = readonly [globalAdministrator: number, first: number, second: number];

export interface BgpNextHop {
  readonly global: IpAddress;
  /** Beside it where the peer is on the link (RFC 2545 §3). */
  readonly linkLocal?: IpAddress;
}

export const ATTRIBUTE = {
  origin: 1,
  asPath: 2,
  nextHop: 3,
  med: 4,
  localPref: 5,
  atomicAggregate: 6,
  aggregator: 7,
  communities: 8,
  originatorId: 9,
  clusterList: 10,
  mpReach: 14,
  mpUnreach: 15,
  extendedCommunities: 16,
  as4Path: 17,
  as4Aggregator: 18,
  largeCommunities: 32,
} as const;

export const FLAG = {
  optional: 0x80,
  transitive: 0x40,
  partial: 0x20,
  extendedLength: 0x10,
} as const;
const WELL_KNOWN = FLAG.transitive;
const OPTIONAL_TRANSITIVE = FLAG.optional | FLAG.transitive;

const ORIGIN_IGP = 0;
const AS_SEQUENCE = 2;
const MAX_TWO_OCTETS = 0xffff;

/** How the peer reads an AS path (RFC 6793). */
export interface PathEncoding {
  readonly fourOctetAsn: boolean;
}

/** All attributes but next hop and prefixes, in the order of their numbers as RFC 4271 §5 asks for. */
export function encodePath(path: BgpPath, { fourOctetAsn }: PathEncoding): Uint8Array {
  const { asPath, localPref, med, communities, largeCommunities, extendedCommunities } = path;
  const isTranslated = !fourOctetAsn && asPath.some((asn) => asn > MAX_TWO_OCTETS);
  return joined([
    attribute(WELL_KNOWN, ATTRIBUTE.origin, Uint8Array.of(ORIGIN_IGP)),
    attribute(WELL_KNOWN, ATTRIBUTE.asPath, encodeAsPath(asPath, fourOctetAsn)),
    ...(med === undefined ? [] : [attribute(FLAG.optional, ATTRIBUTE.med, u32(med))]),
    ...(localPref === undefined
      ? []
      : [attribute(WELL_KNOWN, ATTRIBUTE.localPref, u32(localPref))]),
    ...(communities.length === 0
      ? []
      : [attribute(OPTIONAL_TRANSITIVE, ATTRIBUTE.communities, joined(communities.map(u32)))]),
    ...(extendedCommunities.length === 0
      ? []
      : [
          attribute(
            OPTIONAL_TRANSITIVE,
            ATTRIBUTE.extendedCommunities,
            joined(extendedCommunities.map((value) => new ByteWriter(8).u64(value).finish())),
          ),
        ]),
    ...(isTranslated
      ? [attribute(OPTIONAL_TRANSITIVE, ATTRIBUTE.as4Path, encodeAsPath(asPath, true))]
      : []),
    ...(largeCommunities.length === 0
      ? []
      : [
          attribute(
            OPTIONAL_TRANSITIVE,
            ATTRIBUTE.largeCommunities,
            joined(largeCommunities.flat().map(u32)),
          ),
        ]),
  ]);
}

/** Non-transitive, of two-octet AS. */
const LINK_BANDWIDTH = 0x4004;

/**
 * The extended community by which routers weigh equal ways (draft-ietf-idr-link-bandwidth §2).
 * @param octets per second
 */
export function linkBandwidth(asn: number, octets: number): bigint {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setUint16(0, LINK_BANDWIDTH);
  bytes.setUint16(2, asn > MAX_TWO_OCTETS ? AS_TRANS : asn);
  bytes.setFloat32(4, octets);
  return bytes.getBigUint64(0);
}

/** The attribute NEXT_HOP, for IPv4 prefixes in the message itself. */
export function encodeNextHop({ global }: BgpNextHop): Uint8Array {
  return attribute(WELL_KNOWN, ATTRIBUTE.nextHop, new ByteWriter(4).ip(global).finish());
}

/** As MP_REACH_NLRI has it: 4, 16 or 32 octets. */
export function nextHopBytes({ global, linkLocal }: BgpNextHop): Uint8Array {
  const length = familyOf(global) === 'IPv4' ? 4 : 16;
  const writer = new ByteWriter(linkLocal === undefined ? length : 2 * length).ip(global);
  if (linkLocal !== undefined) writer.ip(linkLocal);
  return writer.finish();
}

/** One attribute; with two octets of length where its value needs them. */
export function attribute(flags: number, type: number, value: Uint8Array): Uint8Array {
  const isLong = value.length > 255;
  const writer = new ByteWriter((isLong ? 4 : 3) + value.length)
    .u8(isLong ? flags | FLAG.extendedLength : flags)
    .u8(type);
  return (isLong ? writer.u16(value.length) : writer.u8(value.length)).bytes(value).finish();
}

function encodeAsPath(asPath: readonly number[], fourOctets: boolean): Uint8Array {
  if (asPath.length === 0) return new Uint8Array();
  const writer = new ByteWriter(2 + asPath.length * (fourOctets ? 4 : 2));
  writer.u8(AS_SEQUENCE).u8(asPath.length);
  for (const asn of asPath) {
    if (fourOctets) writer.u32(asn);
    else writer.u16(asn > MAX_TWO_OCTETS ? AS_TRANS : asn);
  }
  return writer.finish();
}

function u32(value: number): Uint8Array {
  return new ByteWriter(4).u32(value).finish();
}

/** The bytes of all, one after the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter(parts.reduce((sum, { length }) => sum + length, 0));
  for (const part of parts) writer.bytes(part);
  return writer.finish();
}
