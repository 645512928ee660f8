import type { IpAddress } from '../net/ip.ts';

/** One of those who share an IP, with the interfaces that its class allows; empty means every usable one. */
export interface Sharer {
  readonly child: string;
  readonly className: string;
  readonly interfaces: readonly string[];
}

/** What all sharers allow, empty for every interface; undefined when nothing is left (network rule 10). */
export function sharedInterfaces(sharers: readonly Sharer[]): readonly string[] | undefined {
  const limits = sharers.map(({ interfaces }) => interfaces).filter((list) => list.length > 0);
  const [first, ...others] = limits;
  if (first === undefined) return [];
  const shared = first.filter((name) => others.every((list) => list.includes(name)));
  return shared.length === 0 ? undefined : shared;
}

/** Why nobody answers for an IP whose sharers have no interface in common, and what would be right. */
export function noCommonInterface(ip: IpAddress, sharers: readonly Sharer[]): string {
  const classes = new Map<string, { interfaces: string; children: string[] }>();
  for (const { child, className, interfaces } of sharers) {
    const entry = classes.get(className) ?? {
      interfaces: interfaces.length === 0 ? 'every interface' : interfaces.join(', '),
      children: [],
    };
    entry.children.push(child);
    classes.set(className, entry);
  }
  const uses = [...classes].sort(byName).map(([className, { interfaces, children }]) => {
    const names = children.sort().join(' and ');
    return `${names} by MetalLoadBalancerClass ${className} on ${interfaces}`;
  });
  return `nobody answers for ${ip}, as those who share it have no interface in common (${uses.join('; ')}): name a common one in spec.l2.interfaces of these classes, or give their Services different addresses or sharing keys`;
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}
