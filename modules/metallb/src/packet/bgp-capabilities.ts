import type { IpFamily } from '../net/ip.ts';
import { BGP_REASON, BgpError } from './bgp-error.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** What one side of a session can do (RFC 5492). Families are unicast. */
export interface BgpCapabilities {
  /** RFC 4760. Without any, IPv4 is meant. */
  readonly families: readonly IpFamily[];
  /** RFC 2918 */
  readonly routeRefresh: boolean;
  /** RFC 7313 */
  readonly enhancedRouteRefresh: boolean;
  /** RFC 8654 */
  readonly extendedMessages: boolean;
  /** RFC 8950: IPv4 routes may have an IPv6 next hop. */
  readonly ipv4OverIpv6: boolean;
  /** RFC 6793 */
  readonly fourOctetAsn: number | undefined;
  /** RFC 9234 §4.1 */
  readonly role: BgpRole | undefined;
  readonly gracefulRestart: GracefulRestart | undefined;
  /** RFC 9494; only beside graceful restart. */
  readonly longLived: readonly LongLivedFamily[];
}

export const BGP_ROLES = ['provider', 'rs', 'rs-client', 'customer', 'peer'] as const;
/** One that no RFC has is known by its number: it is another than each of the others. */
export type BgpRole = (typeof BGP_ROLES)[number] | `role ${number}`;

/** RFC 4724 §3 */
export interface GracefulRestart {
  /** R: the sender has restarted. */
  readonly restarted: boolean;
  /** N: a NOTIFICATION ends the session gracefully, too (RFC 8538). */
  readonly afterNotification: boolean;
  /** 0 to 4,095 */
  readonly restartSeconds: number;
  readonly families: readonly GracefulFamily[];
}

export interface GracefulFamily {
  readonly family: IpFamily;
  /** F: what was forwarded before the restart is still. */
  readonly forwarding: boolean;
}

export interface LongLivedFamily extends GracefulFamily {
  readonly staleSeconds: number;
}

/** IANA's numbers. */
const CODE = {
  multiprotocol: 1,
  routeRefresh: 2,
  extendedNextHop: 5,
  extendedMessage: 6,
  role: 9,
  gracefulRestart: 64,
  fourOctetAsn: 65,
  enhancedRouteRefresh: 70,
  longLived: 71,
} as const;

export const AFI: Readonly<Record<IpFamily, number>> = { IPv4: 1, IPv6: 2 };
export const SAFI_UNICAST = 1;
const RESTARTED = 0x8000;
const AFTER_NOTIFICATION = 0x4000;
const MAX_RESTART_SECONDS = 0x0fff;
const FORWARDING = 0x80;

/** The family of an AFI and SAFI; undefined for all that this module does not speak. */
export function familyOfAfi(afi: number, safi: number): IpFamily | undefined {
  if (safi !== SAFI_UNICAST) return undefined;
  return afi === AFI.IPv4 ? 'IPv4' : afi === AFI.IPv6 ? 'IPv6' : undefined;
}

/** All as capabilities, for one optional parameter. */
export function encodeCapabilities(capabilities: BgpCapabilities): Uint8Array {
  const { gracefulRestart, longLived, role, fourOctetAsn } = capabilities;
  const parts: Uint8Array[] = capabilities.families.map((family) =>
    capability(CODE.multiprotocol, new ByteWriter(4).u16(AFI[family]).u16(SAFI_UNICAST).finish()),
  );
  if (capabilities.routeRefresh) parts.push(capability(CODE.routeRefresh));
  if (capabilities.enhancedRouteRefresh) parts.push(capability(CODE.enhancedRouteRefresh));
  if (capabilities.extendedMessages) parts.push(capability(CODE.extendedMessage));
  if (capabilities.ipv4OverIpv6) {
    const value = new ByteWriter(6).u16(AFI.IPv4).u16(SAFI_UNICAST).u16(AFI.IPv6).finish();
    parts.push(capability(CODE.extendedNextHop, value));
  }
  if (role !== undefined) parts.push(capability(CODE.role, Uint8Array.of(numberOf(role))));
  if (gracefulRestart !== undefined) {
    parts.push(capability(CODE.gracefulRestart, encodeGracefulRestart(gracefulRestart)));
  }
  if (longLived.length > 0) parts.push(capability(CODE.longLived, encodeLongLived(longLived)));
  if (fourOctetAsn !== undefined) {
    parts.push(capability(CODE.fourOctetAsn, new ByteWriter(4).u32(fourOctetAsn).finish()));
  }
  const writer = new ByteWriter(parts.reduce((sum, { length }) => sum + length, 0));
  for (const part of parts) writer.bytes(part);
  return writer.finish();
}

function capability(code: number, value: Uint8Array = new Uint8Array()): Uint8Array {
  return new ByteWriter(2 + value.length).u8(code).u8(value.length).bytes(value).finish();
}

function encodeGracefulRestart(restart: GracefulRestart): Uint8Array {
  const flags =
    (restart.restarted ? RESTARTED : 0) | (restart.afterNotification ? AFTER_NOTIFICATION : 0);
  const seconds = Math.min(restart.restartSeconds, MAX_RESTART_SECONDS);
  const writer = new ByteWriter(2 + 4 * restart.families.length).u16(flags | seconds);
  for (const { family, forwarding } of restart.families) {
    writer
      .u16(AFI[family])
      .u8(SAFI_UNICAST)
      .u8(forwarding ? FORWARDING : 0);
  }
  return writer.finish();
}

function encodeLongLived(families: readonly LongLivedFamily[]): Uint8Array {
  const writer = new ByteWriter(7 * families.length);
  for (const { family, forwarding, staleSeconds } of families) {
    writer
      .u16(AFI[family])
      .u8(SAFI_UNICAST)
      .u8(forwarding ? FORWARDING : 0);
    writer.u8(staleSeconds >>> 16).u16(staleSeconds & 0xffff);
  }
  return writer.finish();
}

/** What a peer says before it says anything. */
export const NO_CAPABILITIES: BgpCapabilities = {
  families: [],
  routeRefresh: false,
  enhancedRouteRefresh: false,
  extendedMessages: false,
  ipv4OverIpv6: false,
  fourOctetAsn: undefined,
  role: undefined,
  gracefulRestart: undefined,
  longLived: [],
};

/**
 * Reads capabilities on top of those read before. Unknown ones, and known ones of a length that they can't have, are
 * passed over: a session without a capability is better than none.
 * @throws MalformedPacketError where their lengths don't add up; BgpError where there are two roles
 */
export function decodeCapabilities(bytes: Uint8Array, before: BgpCapabilities): BgpCapabilities {
  const reader = new ByteReader(bytes, 'BGP capabilities');
  let read = before;
  while (reader.remaining > 0) {
    const code = reader.u8();
    const value = reader.bytes(reader.u8());
    read = { ...read, ...readCapability(code, value, read) };
  }
  return read;
}

function readCapability(
  code: number,
  value: Uint8Array,
  before: BgpCapabilities,
): Partial<BgpCapabilities> {
  const reader = new ByteReader(value, 'BGP capability');
  switch (code) {
    case CODE.multiprotocol: {
      if (value.length !== 4) return {};
      const family = familyOfAfi(reader.u16(), reader.u16() & 0xff);
      const isNew = family !== undefined && !before.families.includes(family);
      return isNew ? { families: [...before.families, family] } : {};
    }
    case CODE.routeRefresh:
      return { routeRefresh: true };
    case CODE.enhancedRouteRefresh:
      return { enhancedRouteRefresh: true };
    case CODE.extendedMessage:
      return { extendedMessages: true };
    case CODE.extendedNextHop:
      return { ipv4OverIpv6: before.ipv4OverIpv6 || hasIpv4OverIpv6(value) };
    case CODE.role:
      return value.length === 1 ? { role: onlyRole(roleOf(reader.u8()), before.role) } : {};
    case CODE.gracefulRestart:
      return value.length >= 2 ? { gracefulRestart: readGracefulRestart(reader) } : {};
    case CODE.fourOctetAsn:
      return value.length === 4 ? { fourOctetAsn: reader.u32() } : {};
    case CODE.longLived:
      return { longLived: readLongLived(reader) };
    default:
      return {};
  }
}

function roleOf(value: number): BgpRole {
  return BGP_ROLES[value] ?? `role ${value}`;
}

function numberOf(role: BgpRole): number {
  const names: readonly BgpRole[] = BGP_ROLES;
  const known = names.indexOf(role);
  return known === -1 ? Number(role.slice('role '.length)) : known;
}

/** RFC 9234 §4.2: one role may be said twice, and not two. */
function onlyRole(role: BgpRole, before: BgpRole | undefined): BgpRole {
  if (before !== undefined && role !== before) {
    throw new BgpError(BGP_REASON.roleMismatch, `the roles ${before} and ${role}`);
  }
  return role;
}

function hasIpv4OverIpv6(value: Uint8Array): boolean {
  const reader = new ByteReader(value, 'BGP capability');
  while (reader.remaining >= 6) {
    const [afi, safi, nextHopAfi] = [reader.u16(), reader.u16(), reader.u16()];
    if (familyOfAfi(afi, safi) === 'IPv4' && nextHopAfi === AFI.IPv6) return true;
  }
  return false;
}

function readGracefulRestart(reader: ByteReader): GracefulRestart {
  const flags = reader.u16();
  const families: GracefulFamily[] = [];
  while (reader.remaining >= 4) {
    const family = familyOfAfi(reader.u16(), reader.u8());
    const forwarding = (reader.u8() & FORWARDING) !== 0;
    if (family !== undefined) families.push({ family, forwarding });
  }
  return {
    restarted: (flags & RESTARTED) !== 0,
    afterNotification: (flags & AFTER_NOTIFICATION) !== 0,
    restartSeconds: flags & MAX_RESTART_SECONDS,
    families,
  };
}

function readLongLived(reader: ByteReader): LongLivedFamily[] {
  const families: LongLivedFamily[] = [];
  while (reader.remaining >= 7) {
    const family = familyOfAfi(reader.u16(), reader.u8());
    const forwarding = (reader.u8() & FORWARDING) !== 0;
    const staleSeconds = reader.u8() * 0x1_0000 + reader.u16();
    if (family !== undefined) families.push({ family, forwarding, staleSeconds });
  }
  return families;
}
