import type { Group } from '../duty/duty.ts';
import type { Link } from '../linux/link.ts';

/**
 * Whether this node takes part on the link: it leads to hosts (no loopback, no port of a bridge or bond), the
 * settings don't exclude it, and a class of this node may announce there.
 */
export function isUsableLink(
  link: Link,
  excluded: readonly RegExp[],
  groups: Iterable<Group>,
): boolean {
  const { name, up, loopback, arp, master } = link;
  if (!up || loopback || !arp || master !== undefined) return false;
  if (excluded.some((pattern) => pattern.test(name))) return false;
  for (const { interfaces } of groups) {
    if (interfaces.length === 0 || interfaces.includes(name)) return true;
  }
  return false;
}
