import type { MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import type { Problem } from '../api/problem.ts';
import type { Allocator } from '../ipam/allocator.ts';
import type { Pool } from '../ipam/pool.ts';
import type { ListedPools } from '../metallb/listed-pools.ts';
import { poolOfClass } from './claim-of-child.ts';
import { poolOfListed } from './claim-of-service.ts';

interface Offer {
  readonly createdAt: string;
  readonly pool: Pool;
}

/** What the allocator assigns from: the pools of classes and those of MetalLB's API, whoever came first. */
export function offerPools(
  allocator: Allocator,
  {
    classes,
    pools,
    reassigns,
  }: {
    readonly classes: readonly MetalLoadBalancerClass[];
    readonly pools: ListedPools;
    /** What becomes of an IP that a pool of MetalLB's API holds no more. */
    readonly reassigns: boolean;
  },
): { readonly problems: readonly Problem[]; readonly changedPools: readonly string[] } {
  const offers: readonly Offer[] = [
    ...classes.map((item) => ({
      createdAt: item.metadata.creationTimestamp,
      pool: poolOfClass(item),
    })),
    ...[...pools.all.values()].map((listed) => ({
      createdAt: listed.creationTimestamp,
      pool: poolOfListed(listed, reassigns),
    })),
  ];
  const age = ({ createdAt, pool }: Offer) => `${createdAt} ${pool.name}`;
  const oldestFirst = [...offers].sort((a, b) => (age(a) < age(b) ? -1 : 1));
  return allocator.setPools(oldestFirst.map(({ pool }) => pool));
}
