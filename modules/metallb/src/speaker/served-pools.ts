import type { MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import type { DutyTable } from '../duty/duty.ts';
import type { ServedPools } from '../linux/data-path-probe.ts';

/**
 * What this node announces where.
 * @param segments interfaces that the wire serves: classes that name none are announced on all of them
 */
export function servedPools(
  { groups }: Pick<DutyTable, 'groups'>,
  classes: ReadonlyMap<string, MetalLoadBalancerClass>,
  segments: Iterable<string>,
): ServedPools[] {
  return [...segments].sort().flatMap((segment) => {
    const here = [...groups.values()].filter(
      ({ interfaces }) => interfaces.length === 0 || interfaces.includes(segment),
    );
    const pools = here.flatMap(({ id }) => classes.get(id)?.spec.addressPool ?? []);
    return pools.length === 0 ? [] : [{ interface: segment, pools }];
  });
}
