import type { ConditionValue } from '../../hooks/lib/status-patch.ts';
import { type AdvertisedPools, advertises } from '../metallb/advertised-pools.ts';
import type { ListedPools } from '../metallb/listed-pools.ts';

export interface PoolsAtHand {
  readonly pools: ListedPools;
  /** Names of pools that are gone while Services have IPs of them. */
  readonly orphaned: ReadonlySet<string>;
}

/** What there is to say of an advertisement about the pools that it names and selects. */
export function poolRemarks(spec: AdvertisedPools, at: PoolsAtHand): ConditionValue[] {
  const unknown = spec.ipAddressPools.filter((name) => at.pools.named(name) === undefined);
  const missing = unknown.length === 0 ? 'that it selects' : unknown.join(', ');
  const message = `there is no pool ${missing}`;
  if (!isAboutAny(spec, at)) return [{ status: 'True', reason: 'NoPool', message }];
  return unknown.length === 0 ? [] : [{ status: 'True', reason: 'UnknownPool', message }];
}

/** What labels a pool had that is gone, nobody knows: it may have been selected. */
function isAboutAny(spec: AdvertisedPools, { pools, orphaned }: PoolsAtHand): boolean {
  return (
    [...pools.all.values()].some((pool) => advertises(spec, pool)) ||
    [...orphaned].some(
      (name) => spec.ipAddressPoolSelectors.length > 0 || advertises(spec, { name, labels: {} }),
    )
  );
}
