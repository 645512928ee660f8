import type { Service } from '../../src/api/service.ts';
import { familyOf, type IpAddress, type IpFamily } from '../../src/net/ip.ts';

type MaybeIp = IpAddress | undefined;

/** The requested IPs of a family in the order of its children; a single-stack Service's list is taken as it is. */
export function requestedOfFamily(
  { requestedIps }: Service,
  family: IpFamily | undefined,
): readonly MaybeIp[] {
  if (family === undefined) return requestedIps;
  return requestedIps.filter((ip) => ip !== undefined && familyOf(ip) === family);
}

/**
 * Which child asks for which requested IP: the k-th for the k-th, but what a child holds already it keeps. Else a list
 * in another order would move IPs between nodes, or have siblings wait for each other's IP for ever.
 * @param requested item k may be undefined: any IP
 * @param held what the k-th child has
 */
export function shareOutRequested(
  requested: readonly MaybeIp[],
  held: readonly MaybeIp[],
): MaybeIp[] {
  const wanted = requested.slice(0, held.length);
  const open = new Set(wanted.filter((ip) => ip !== undefined));
  const take = (ip: MaybeIp) => (ip !== undefined && open.delete(ip) ? ip : undefined);
  const kept = held.map(take);
  const own = kept.map((ip, index) => ip ?? take(wanted[index]));
  // Whose own one a sibling holds takes one that this sibling would have taken.
  return own.map((ip, index) => {
    const [left] = open;
    return ip ?? (wanted[index] === undefined ? undefined : take(left));
  });
}
