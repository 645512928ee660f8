import { familyOf, type IpAddress, type IpFamily } from '../net/ip.ts';
import type { BgpNextHop } from '../packet/bgp-path.ts';
import type { Negotiated } from './negotiation.ts';

/** This node as a peer sees it: its end of the connection, and the global addresses of the interface that has it. */
export interface LocalEnd {
  readonly session: IpAddress;
  readonly isLinkLocal: boolean;
  readonly globals: readonly IpAddress[];
}

/**
 * By which address a peer is to reach this node. Never an IPv4 address in the clothes of IPv6 (RFC 2545 §3 wants a
 * global one): without an address of the family, nothing of that family is announced.
 */
export function nextHopFor(
  { session, isLinkLocal, globals }: LocalEnd,
  family: IpFamily,
  { ipv4OverIpv6 }: Pick<Negotiated, 'ipv4OverIpv6'>,
): BgpNextHop | undefined {
  const isOwnFamily = familyOf(session) === family;
  if (isOwnFamily || (family === 'IPv4' && ipv4OverIpv6)) {
    return isLinkLocal ? { global: session, linkLocal: session } : { global: session };
  }
  if (family === 'IPv4') return undefined;
  const global = globals.find((ip) => familyOf(ip) === family);
  return global === undefined ? undefined : { global };
}
