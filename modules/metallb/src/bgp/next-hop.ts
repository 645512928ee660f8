import { familyOf, type IpAddress, type IpFamily } from '../net/ip.ts';
import type { BgpNextHop } from '../packet/bgp-path.ts';
import type { Negotiated } from './negotiation.ts';

/** This node as a peer sees it: its end of the connection, and the global addresses of the interface that has it. */
export interface LocalEnd {
  readonly session: IpAddress;
  readonly isLinkLocal: boolean;
  readonly globals: readonly IpAddress[];
}

/** By which addresses a connection reaches this node. */
export type NextHopOf = (family: IpFamily, negotiated: Reaching) => BgpNextHop | undefined;

type Reaching = Pick<Negotiated, 'ipv4OverIpv6'>;

/** A family of which nothing can be told in a session: the peer takes no routes of it, or this node has no next hop for them. */
export interface MissingFamily {
  readonly family: IpFamily;
  readonly why: 'not-taken' | 'no-next-hop';
}

export function missingFamilies(
  negotiated: Pick<Negotiated, 'families' | 'missing'> & Reaching,
  nextHopOf: NextHopOf,
): MissingFamily[] {
  const withoutWay = negotiated.families.filter((one) => nextHopOf(one, negotiated) === undefined);
  return [
    ...negotiated.missing.map((family) => ({ family, why: 'not-taken' as const })),
    ...withoutWay.map((family) => ({ family, why: 'no-next-hop' as const })),
  ];
}

/**
 * By which address a peer is to reach this node. Never an IPv4 address in the clothes of IPv6 (RFC 2545 §3 wants a
 * global one): without an address of the family, nothing of that family is announced.
 */
export function nextHopFor(
  { session, isLinkLocal, globals }: LocalEnd,
  family: IpFamily,
  { ipv4OverIpv6 }: Reaching,
): BgpNextHop | undefined {
  const isOwnFamily = familyOf(session) === family;
  if (isOwnFamily || (family === 'IPv4' && ipv4OverIpv6)) {
    return isLinkLocal ? { global: session, linkLocal: session } : { global: session };
  }
  if (family === 'IPv4') return undefined;
  const global = globals.find((ip) => familyOf(ip) === family);
  return global === undefined ? undefined : { global };
}
