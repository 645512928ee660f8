import type { MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import { allowsInterface } from '../duty/allowed-interface.ts';
import type { DutyTable } from '../duty/duty.ts';
import type { ServedPools } from '../linux/served-pools.ts';

/**
 * What this node announces where.
 * @param segments interfaces that the wire serves
 * @param excluded those of them that are only for classes that name them
 */
export function servedPools(
  { groups }: Pick<DutyTable, 'groups'>,
  classes: ReadonlyMap<string, MetalLoadBalancerClass>,
  segments: Iterable<string>,
  excluded: readonly RegExp[],
): ServedPools[] {
  return [...segments].sort().flatMap((segment) => {
    const here = [...groups.values()].filter(({ interfaces }) =>
      allowsInterface(interfaces, segment, excluded),
    );
    const pools = here.flatMap(({ id }) => classes.get(id)?.spec.addressPool ?? []);
    return pools.length === 0 ? [] : [{ interface: segment, pools }];
  });
}
