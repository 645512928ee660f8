import type { IpAddress, IpFamily } from '../net/ip.ts';
import { ipToBigInt } from '../net/ip.ts';
import {
  type BgpCapabilities,
  type BgpRole,
  encodeCapabilities,
  NO_CAPABILITIES,
} from '../packet/bgp-capabilities.ts';
import { BGP_REASON, BgpError } from '../packet/bgp-error.ts';
import { MAX_BGP_MESSAGE, MAX_EXTENDED_BGP_MESSAGE } from '../packet/bgp-message.ts';
import type { BgpOpen } from '../packet/bgp-open.ts';
import { ByteWriter } from '../packet/byte-writer.ts';

/** What a peer must be to be the one that is configured. */
export interface ExpectedPeer {
  readonly localAsn: number;
  readonly localRouterId: IpAddress;
  /** `internal`: the own AS; `external`: any other. */
  readonly remoteAsn: number | 'internal' | 'external';
}

/** What both sides of a session can do. */
export interface Negotiated {
  readonly remote: BgpOpen;
  readonly holdMs: number;
  readonly families: readonly IpFamily[];
  /** Of this side, of which the peer takes no routes. */
  readonly missing: readonly IpFamily[];
  readonly isExternal: boolean;
  readonly fourOctetAsn: boolean;
  readonly ipv4OverIpv6: boolean;
  readonly routeRefresh: boolean;
  /** RFC 7313 */
  readonly enhancedRefresh: boolean;
  readonly maxLength: number;
}

/** RFC 9234 §4.2: what the other side may be. */
const COUNTERPARTS: Readonly<Partial<Record<BgpRole, BgpRole>>> = {
  provider: 'customer',
  customer: 'provider',
  rs: 'rs-client',
  'rs-client': 'rs',
  peer: 'peer',
};

/**
 * @throws BgpError where the peer is not the one that is configured (RFC 4271 §6.2, 9234 §4.2), or there would be nothing
 * to tell it (RFC 5492 §3)
 */
export function negotiate(local: BgpOpen, remote: BgpOpen, expected: ExpectedPeer): Negotiated {
  const isExternal = remote.asn !== expected.localAsn;
  if (!isExpectedAsn(remote.asn, expected)) {
    throw new BgpError(
      BGP_REASON.badPeerAs,
      `the peer is AS ${remote.asn}, expected ${describeAsn(expected)}`,
      new ByteWriter(2).u16(Math.min(remote.asn, 0xffff)).finish(),
    );
  }
  // RFC 6286 §2.2: only within an AS must identifiers differ.
  if (!isExternal && remote.routerId === local.routerId) {
    throw new BgpError(
      BGP_REASON.badIdentifier,
      `the peer has the router ID ${local.routerId} of this node`,
    );
  }
  const { role } = local.capabilities;
  const theirs = remote.capabilities.role;
  if (isExternal && role !== undefined && theirs !== undefined && COUNTERPARTS[role] !== theirs) {
    throw new BgpError(BGP_REASON.roleMismatch, `the peer is ${theirs} where this node is ${role}`);
  }
  const both = (can: (capabilities: BgpCapabilities) => boolean) =>
    can(local.capabilities) && can(remote.capabilities);
  const wanted = familiesOf(local.capabilities);
  const offered = familiesOf(remote.capabilities);
  const families = wanted.filter((family) => offered.includes(family));
  if (families.length === 0) {
    throw new BgpError(
      BGP_REASON.unsupportedCapability,
      `the peer takes routes of ${offered.join(' and ')}, expected ${wanted.join(' or ')}`,
      encodeCapabilities({ ...NO_CAPABILITIES, families: wanted }),
    );
  }
  return {
    remote,
    isExternal,
    holdMs: Math.min(local.holdSeconds, remote.holdSeconds) * 1_000,
    families,
    missing: wanted.filter((family) => !offered.includes(family)),
    fourOctetAsn: both(({ fourOctetAsn }) => fourOctetAsn !== undefined),
    ipv4OverIpv6: both(({ ipv4OverIpv6 }) => ipv4OverIpv6),
    routeRefresh: both(({ routeRefresh }) => routeRefresh),
    enhancedRefresh: both(({ enhancedRouteRefresh }) => enhancedRouteRefresh),
    maxLength: both(({ extendedMessages }) => extendedMessages)
      ? MAX_EXTENDED_BGP_MESSAGE
      : MAX_BGP_MESSAGE,
  };
}

/**
 * Which of two connections stays when both sides have opened one: that of the higher identifier, or of the higher AS
 * where they are equal (RFC 4271 §6.8, 6286 §2.3).
 */
export function survivor(
  local: { readonly routerId: IpAddress; readonly asn: number },
  remote: { readonly routerId: IpAddress; readonly asn: number },
): 'outgoing' | 'incoming' {
  const [ours, theirs] = [ipToBigInt(local.routerId), ipToBigInt(remote.routerId)];
  if (ours === theirs) return local.asn > remote.asn ? 'outgoing' : 'incoming';
  return ours > theirs ? 'outgoing' : 'incoming';
}

/** RFC 4760 §8: who names none speaks IPv4. */
function familiesOf({ families }: BgpCapabilities): readonly IpFamily[] {
  return families.length === 0 ? ['IPv4'] : families;
}

function isExpectedAsn(asn: number, { localAsn, remoteAsn }: ExpectedPeer): boolean {
  if (remoteAsn === 'internal') return asn === localAsn;
  return remoteAsn === 'external' ? asn !== localAsn : asn === remoteAsn;
}

function describeAsn({ localAsn, remoteAsn }: ExpectedPeer): string {
  if (remoteAsn === 'internal') return `${localAsn}, the own one`;
  return remoteAsn === 'external' ? `another than ${localAsn}` : String(remoteAsn);
}
