import { createHash, timingSafeEqual } from 'node:crypto';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** UDP ports of control packets: to a neighbour (RFC 5881 §4), and over several hops (RFC 5883 §5). */
export const BFD_PORT = { singleHop: 3784, multihop: 4784 } as const;

/** RFC 5880 §4.1, in the order of their numbers. */
export const BFD_STATES = ['AdminDown', 'Down', 'Init', 'Up'] as const;
export type BfdState = (typeof BFD_STATES)[number];

/** Why the sender's session left Up, by number: RFC 5880 §4.1. */
export const BFD_DIAGNOSTIC = {
  none: 0,
  detectionTimeExpired: 1,
  neighborSignaledDown: 3,
  administrativelyDown: 7,
} as const;

/** RFC 5880 §4.4; `keyed-sha1` repeats a sequence number, `meticulous-keyed-sha1` never does. */
export const BFD_AUTHENTICATION_KINDS = ['keyed-sha1', 'meticulous-keyed-sha1'] as const;
export type BfdAuthenticationKind = (typeof BFD_AUTHENTICATION_KINDS)[number];
const AUTHENTICATION_TYPE = { 'keyed-sha1': 4, 'meticulous-keyed-sha1': 5 } as const;

/** The fields of RFC 5880 §4.1 but version and lengths, and without the bits that this module never sets. */
export interface BfdPacket {
  readonly diagnostic: number;
  readonly state: BfdState;
  readonly poll: boolean;
  readonly final: boolean;
  readonly controlPlaneIndependent: boolean;
  readonly demand: boolean;
  readonly detectMultiplier: number;
  readonly myDiscriminator: number;
  /** 0 while the sender knows none. */
  readonly yourDiscriminator: number;
  readonly desiredMinTxMicroseconds: number;
  readonly requiredMinRxMicroseconds: number;
  readonly requiredMinEchoRxMicroseconds: number;
  readonly authentication: BfdAuthentication | undefined;
}

/** The authentication section, as far as it can be read without a key. */
export type BfdAuthentication =
  | {
      readonly kind: BfdAuthenticationKind;
      readonly keyId: number;
      readonly sequence: number;
    }
  /** A password in clear text, MD5, or a type that RFC 5880 does not know. */
  | { readonly kind: 'unsupported'; readonly type: number };

const VERSION = 1;
const HEADER_BYTES = 24;
const SHORTEST_SECTION = 2;
const HASH_BYTES = 20;
/** Of a section with SHA1. */
const SECTION_BYTES = 28;
const FLAG = { poll: 32, final: 16, independent: 8, authentication: 4, demand: 2, multipoint: 1 };

/** RFC 5880 §4.4: 1 to 20 bytes. */
export const MAX_BFD_KEY_BYTES = HASH_BYTES;

/**
 * Reads a control packet and refuses what RFC 5880 §6.8.6 has discarded before a session is looked for. Bytes behind
 * its length are somebody else's.
 * @throws MalformedPacketError
 */
export function decodeBfd(bytes: Uint8Array): BfdPacket {
  const reader = new ByteReader(bytes, 'BFD');
  const first = reader.u8();
  if (first >>> 5 !== VERSION) throw reader.malformed(`version ${first >>> 5}`);
  const second = reader.u8();
  const detectMultiplier = reader.u8();
  const length = reader.u8();
  const hasSection = (second & FLAG.authentication) !== 0;
  if (length < HEADER_BYTES + (hasSection ? SHORTEST_SECTION : 0) || length > bytes.length) {
    throw reader.malformed(`length ${length} of ${bytes.length} bytes`);
  }
  if (detectMultiplier === 0) throw reader.malformed('detection multiplier 0');
  if ((second & FLAG.multipoint) !== 0) throw reader.malformed('multipoint');
  const myDiscriminator = reader.u32();
  if (myDiscriminator === 0) throw reader.malformed('my discriminator 0');
  const yourDiscriminator = reader.u32();
  const state = BFD_STATES[second >>> 6] ?? 'AdminDown';
  if (yourDiscriminator === 0 && (state === 'Init' || state === 'Up')) {
    throw reader.malformed(`state ${state} without your discriminator`);
  }
  return {
    diagnostic: first & 31,
    state,
    poll: (second & FLAG.poll) !== 0,
    final: (second & FLAG.final) !== 0,
    controlPlaneIndependent: (second & FLAG.independent) !== 0,
    demand: (second & FLAG.demand) !== 0,
    ...{ detectMultiplier, myDiscriminator, yourDiscriminator },
    desiredMinTxMicroseconds: reader.u32(),
    requiredMinRxMicroseconds: reader.u32(),
    requiredMinEchoRxMicroseconds: reader.u32(),
    authentication: hasSection ? readSection(bytes.subarray(HEADER_BYTES, length)) : undefined,
  };
}

function readSection(bytes: Uint8Array): BfdAuthentication {
  const reader = new ByteReader(bytes, 'BFD authentication');
  const type = reader.u8();
  const length = reader.u8();
  if (length < SHORTEST_SECTION || length > bytes.length) {
    throw reader.malformed(`length ${length} of ${bytes.length} bytes`);
  }
  const kind = kindOf(type);
  if (kind === undefined) return { kind: 'unsupported', type };
  // RFC 5880 §6.7.4
  if (length !== SECTION_BYTES) throw reader.malformed(`length ${length} with SHA1`);
  const keyId = reader.u8();
  reader.skip(1);
  return { kind, keyId, sequence: reader.u32() };
}

function kindOf(type: number): BfdAuthenticationKind | undefined {
  return BFD_AUTHENTICATION_KINDS.find((kind) => AUTHENTICATION_TYPE[kind] === type);
}

/**
 * @param secret of 1 to 20 bytes; it signs packets that have an authentication section
 * @throws RangeError for a section that this module does not write
 */
export function encodeBfd(packet: BfdPacket, secret: Uint8Array = new Uint8Array()): Uint8Array {
  const { authentication: section } = packet;
  const length = HEADER_BYTES + (section === undefined ? 0 : SECTION_BYTES);
  const flags =
    (packet.poll ? FLAG.poll : 0) |
    (packet.final ? FLAG.final : 0) |
    (packet.controlPlaneIndependent ? FLAG.independent : 0) |
    (section === undefined ? 0 : FLAG.authentication) |
    (packet.demand ? FLAG.demand : 0);
  const writer = new ByteWriter(length)
    .u8((VERSION << 5) | packet.diagnostic)
    .u8((BFD_STATES.indexOf(packet.state) << 6) | flags)
    .u8(packet.detectMultiplier)
    .u8(length)
    .u32(packet.myDiscriminator)
    .u32(packet.yourDiscriminator)
    .u32(packet.desiredMinTxMicroseconds)
    .u32(packet.requiredMinRxMicroseconds)
    .u32(packet.requiredMinEchoRxMicroseconds);
  if (section === undefined) return writer.finish();
  if (section.kind === 'unsupported') throw new RangeError(`authentication type ${section.type}`);
  writer
    .u8(AUTHENTICATION_TYPE[section.kind])
    .u8(SECTION_BYTES)
    .u8(section.keyId)
    .u8(0)
    .u32(section.sequence);
  const bytes = writer.finish();
  bytes.set(hashOf(bytes, secret), length - HASH_BYTES);
  return bytes;
}

/** Whether whoever wrote this packet with SHA1 had the key. */
export function isBfdSignedWith(bytes: Uint8Array, secret: Uint8Array): boolean {
  const length = bytes[3] ?? 0;
  // A section may be followed by what nobody can read: its own length says where the hash is.
  const hashAt = HEADER_BYTES + SECTION_BYTES - HASH_BYTES;
  if (length > bytes.length || length < hashAt + HASH_BYTES) return false;
  const packet = bytes.subarray(0, length);
  const hash = packet.subarray(hashAt, hashAt + HASH_BYTES);
  return timingSafeEqual(hashOf(packet, secret), hash);
}

/** RFC 5880 §6.7.4: over the whole packet, with the key, filled with zeros, where the hash will be. */
function hashOf(packet: Uint8Array, secret: Uint8Array): Uint8Array {
  const hashAt = HEADER_BYTES + SECTION_BYTES - HASH_BYTES;
  const keyed = Uint8Array.from(packet);
  keyed.fill(0, hashAt, hashAt + HASH_BYTES).set(secret.subarray(0, MAX_BFD_KEY_BYTES), hashAt);
  return createHash('sha1').update(keyed).digest();
}
