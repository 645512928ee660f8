import { allowsInterface } from '../duty/allowed-interface.ts';
import type { Group } from '../duty/duty.ts';
import type { Link } from '../linux/link.ts';

/**
 * Whether this node takes part on the link: it leads to hosts (no loopback, no port of a bridge or bond), and one of
 * these may be announced there.
 */
export function isUsableLink(
  link: Link,
  excluded: readonly RegExp[],
  wishes: Iterable<Pick<Group, 'interfaces'>>,
): boolean {
  const { name, up, loopback, arp, master } = link;
  if (!up || loopback || !arp || master !== undefined) return false;
  for (const { interfaces } of wishes) {
    if (allowsInterface(interfaces, name, excluded)) return true;
  }
  return false;
}
