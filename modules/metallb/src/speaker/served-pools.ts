import { allowsInterface } from '../duty/allowed-interface.ts';
import type { DutyTable } from '../duty/duty.ts';
import type { GroupPolicy } from '../duty/group-policy.ts';
import type { ServedPools } from '../linux/served-pools.ts';
import { formatRange } from '../net/range.ts';

/**
 * What this node announces by ARP and NDP, and where.
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
    return pools.length === 0 ? [] : [{ interface: segment, protocol: 'layer2' as const, pools }];
  });
}

/** What comes in from routers, of what nobody announces on the same interface by ARP and NDP anyway. */
export function besides(
  routed: readonly ServedPools[],
  onSegments: readonly ServedPools[],
): ServedPools[] {
  return routed.flatMap((one) => {
    const known = new Set(
      onSegments
        .filter((other) => other.interface === one.interface)
        .flatMap(({ pools }) => pools.map(formatRange)),
    );
    const pools = one.pools.filter((pool) => !known.has(formatRange(pool)));
    return pools.length === 0 ? [] : [{ ...one, pools }];
  });
}
