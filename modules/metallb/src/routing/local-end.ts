import { networkInterfaces } from 'node:os';
import type { LocalEnd } from '../bgp/next-hop.ts';
import { withoutScope } from '../linux/bgp-socket.ts';
import { type IpAddress, isLinkLocal } from '../net/ip.ts';

/** This node's end of a connection, by the address that the kernel has chosen for it. */
export function localEndOf(session: IpAddress): LocalEnd {
  const addresses = Object.values(networkInterfaces()).map((each = []) =>
    each.flatMap(({ address }) => withoutScope(address) ?? []),
  );
  const own = addresses.find((each) => each.includes(session)) ?? [];
  return {
    session,
    isLinkLocal: isLinkLocal(session),
    globals: own.filter((ip) => !isLinkLocal(ip)),
  };
}
