import type { ConditionValue } from '../../hooks/lib/status-patch.ts';
import type { BgpAdvertisement } from '../api/bgp-advertisement.ts';
import { POOL_CONDITION } from '../api/conditions.ts';
import { parseIpAddressPool } from '../api/ip-address-pool.ts';
import type { L2Advertisement } from '../api/l2-advertisement.ts';
import { parseMetalLoadBalancerPool } from '../api/metal-load-balancer-pool.ts';
import type { KubernetesObject } from '../api/object.ts';
import { formatProblems, type Problem } from '../api/problem.ts';
import type { PoolUsage } from '../ipam/allocator.ts';
import { advertises } from '../metallb/advertised-pools.ts';
import { type ListedPools, type PoolKind, poolKey } from '../metallb/listed-pools.ts';
import type { Operation } from '../store/store.ts';
import { statusOperation } from './status-operation.ts';

export interface PoolStatusView {
  readonly kind: PoolKind;
  readonly object: KubernetesObject;
  readonly pools: ListedPools;
  /** Those that count. */
  readonly advertisements: readonly L2Advertisement[];
  /** Undefined in an edition without BGP. */
  readonly bgpAdvertisements: readonly BgpAdvertisement[] | undefined;
  readonly usage: PoolUsage;
  /** What is wrong with pools, whosever. */
  readonly poolProblems: readonly Problem[];
  readonly nowEpochMs: number;
}

const PARSERS = {
  IPAddressPool: parseIpAddressPool,
  MetalLoadBalancerPool: parseMetalLoadBalancerPool,
} as const;

/** The patch that brings a pool's status to what is so, or undefined when it says that already. */
export function poolStatusOperation(view: PoolStatusView): Operation | undefined {
  const { kind, object, pools, usage } = view;
  const isListed = pools.all.has(poolKey(kind, object.metadata));
  const conditions = new Map([
    [POOL_CONDITION.accepted, acceptedCondition(view)],
    [POOL_CONDITION.advertised, isListed ? advertisedCondition(view) : undefined],
  ]);
  // A pool that does not count may be another MetalLB's, which counts for itself.
  const figures = isListed ? countersOf(usage) : {};
  return statusOperation({ kind, object, figures, conditions }, view.nowEpochMs);
}

/** All that is wrong with a pool, in the words of its owner; empty where it is in force as it stands. */
export function poolComplaints({
  kind,
  object,
  poolProblems,
}: Pick<PoolStatusView, 'kind' | 'object' | 'poolProblems'>): {
  readonly reason: 'Invalid' | 'PoolsOverlap';
  readonly problems: readonly Problem[];
} {
  const parsed = PARSERS[kind](object);
  if (!parsed.ok) return { reason: 'Invalid', problems: parsed.problems };
  const key = poolKey(kind, object.metadata);
  const own = poolProblems.filter((problem) => problem.object === key);
  // The allocator speaks of ranges.
  const problems = own.map((problem) => ({
    ...problem,
    field: problem.field.replace(/^ranges/, 'spec.addresses'),
  }));
  return { reason: 'PoolsOverlap', problems };
}

function acceptedCondition(view: PoolStatusView): ConditionValue {
  const { kind, object, pools } = view;
  const unlisted = pools.unlisted(kind, object.metadata);
  const { reason, problems } = poolComplaints(view);
  if (problems.length > 0) {
    const isInForce = unlisted === undefined;
    const consequence =
      reason === 'Invalid' && isInForce ? '; the last good version stays in force' : '';
    return { status: 'False', reason, message: `${formatProblems(problems)}${consequence}` };
  }
  return unlisted === undefined
    ? { status: 'True', reason: 'Accepted', message: 'in force' }
    : { status: 'False', ...unlisted };
}

function advertisedCondition({
  object,
  advertisements,
  bgpAdvertisements,
}: PoolStatusView): ConditionValue {
  const { name, labels = {} } = object.metadata;
  const namesOf = (all: readonly (L2Advertisement | BgpAdvertisement)[]) =>
    all
      .filter(({ spec }) => advertises(spec, { name, labels }))
      .map(({ metadata }) => metadata.name);
  const by = [
    ['L2Advertisement', namesOf(advertisements)],
    ['BGPAdvertisement', namesOf(bgpAdvertisements ?? [])],
  ] as const;
  const found = by.filter(([, names]) => names.length > 0);
  if (found.length > 0) {
    const message = `by ${found.map(([kind, names]) => `${kind} ${names.join(', ')}`).join('; by ')}`;
    return { status: 'True', reason: 'Advertised', message };
  }
  const none =
    bgpAdvertisements === undefined
      ? 'no L2Advertisement'
      : 'no L2Advertisement or BGPAdvertisement';
  const message = `its addresses are given to Services, and nobody answers for them: ${none} names or selects the pool`;
  return { status: 'False', reason: 'NoAdvertisement', message };
}

/** As MetalLB has them. A number in JSON is exact up to this. */
function countersOf({ families: { IPv4, IPv6 } }: PoolUsage) {
  const count = (value: bigint) => Number(value < MAXIMUM ? value : MAXIMUM);
  return {
    assignedIPv4: count(IPv4.used),
    assignedIPv6: count(IPv6.used),
    availableIPv4: count(IPv4.total - IPv4.used),
    availableIPv6: count(IPv6.total - IPv6.used),
  };
}

const MAXIMUM = BigInt(Number.MAX_SAFE_INTEGER);
