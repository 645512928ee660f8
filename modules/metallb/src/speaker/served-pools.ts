import { allowsInterface } from '../duty/allowed-interface.ts';
import type { DutyTable } from '../duty/duty.ts';
import type { GroupPolicy } from '../duty/group-policy.ts';
import type { ServedPools } from '../linux/served-pools.ts';

/**
 * What this node announces where.
 * @param segments interfaces that the wire serves
 * @param excluded those of them that are only for groups that name them
 */
export function servedPools(
  { groups }: Pick<DutyTable, 'groups'>,
  policies: ReadonlyMap<string, GroupPolicy>,
  segments: Iterable<string>,
  excluded: readonly RegExp[],
): ServedPools[] {
  return [...segments].sort().flatMap((segment) => {
    const here = [...groups.values()].filter(({ interfaces }) =>
      allowsInterface(interfaces, segment, excluded),
    );
    const pools = here.flatMap(({ id }) => policies.get(id)?.pools ?? []);
    return pools.length === 0 ? [] : [{ interface: segment, pools }];
  });
}
