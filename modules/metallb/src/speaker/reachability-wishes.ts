import type { Reachability } from '../api/reachability.ts';
import type { DutyTable } from '../duty/duty.ts';
import type { GroupPolicy } from '../duty/group-policy.ts';
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
  policies: ReadonlyMap<string, GroupPolicy>,
): ReachabilityWish[] {
  return [...groups.values()]
    .flatMap(({ id, interfaces }) => {
      const { reachability, pools = [] } = policies.get(id) ?? {};
      if (reachability === undefined) return [];
      const families = new Set(pools.map(({ family }) => family));
      return [{ className: id, interfaces, reachability, families }];
    })
    .sort((a, b) => (a.className < b.className ? -1 : 1));
}
