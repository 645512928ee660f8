import type { MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import type { Reachability } from '../api/reachability.ts';
import type { DutyTable } from '../duty/duty.ts';
import type { IpFamily } from '../net/ip.ts';

/** What one class wants this node to reach. */
export interface ReachabilityWish {
  readonly className: string;
  /** Interfaces that the class names; empty means every one that is served. */
  readonly interfaces: readonly string[];
  readonly reachability: Reachability;
  /** Of the class's addresses: a gateway of another family is no way for them. */
  readonly families: ReadonlySet<IpFamily>;
}

/** What the classes that this node serves want probed, in the order of their names. */
export function reachabilityWishes(
  { groups }: Pick<DutyTable, 'groups'>,
  classes: ReadonlyMap<string, MetalLoadBalancerClass>,
): ReachabilityWish[] {
  return [...groups.values()]
    .flatMap(({ id, interfaces }) => {
      const spec = classes.get(id)?.spec;
      if (spec?.l2.reachability === undefined) return [];
      const families = new Set(spec.addressPool.map(({ family }) => family));
      return [{ className: id, interfaces, reachability: spec.l2.reachability, families }];
    })
    .sort((a, b) => (a.className < b.className ? -1 : 1));
}
