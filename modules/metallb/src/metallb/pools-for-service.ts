import type { ServiceAllocation } from '../api/ip-address-pool.ts';
import { anySelects, selects } from '../api/label-selector.ts';
import type { ListedPool } from './listed-pools.ts';

type Labels = Readonly<Record<string, string>>;

/** What pools choose Services by. */
export interface ServiceTraits {
  readonly namespace: string;
  readonly labels: Labels;
  readonly namespaceLabels: Labels;
}

/**
 * The pools that are for a Service, in the order in which it is served from them: those that say whom they are for,
 * by priority; then those for everybody; last those that only who asks gets something from. Within each by name, where
 * MetalLB leaves it to chance.
 */
export function poolsForService(pools: Iterable<ListedPool>, service: ServiceTraits): ListedPool[] {
  const open = [...pools].filter(({ spec }) => isFor(spec.serviceAllocation, service));
  return open.sort((a, b) => compareTurns(turnOf(a), turnOf(b)) || (a.name < b.name ? -1 : 1));
}

/** Whether the pool is for the Service, asked for or not. */
export function isFor(allocation: ServiceAllocation | undefined, service: ServiceTraits): boolean {
  if (allocation === undefined) return true;
  const { namespaces, namespaceSelectors, serviceSelectors } = allocation;
  const isForAllNamespaces = namespaces.length === 0 && namespaceSelectors.length === 0;
  const isOfNamespace =
    isForAllNamespaces ||
    namespaces.includes(service.namespace) ||
    namespaceSelectors.some((selector) => selects(selector, service.namespaceLabels));
  return isOfNamespace && anySelects(serviceSelectors, service.labels);
}

/** Whether the pool says whom it is for, and gives to them unasked: they get nothing from others while it has something. */
export function isMeantForSome({ spec: { autoAssign, serviceAllocation } }: ListedPool): boolean {
  return autoAssign && serviceAllocation !== undefined;
}

type Turn = readonly [group: number, priority: number];

function turnOf(pool: ListedPool): Turn {
  const { autoAssign, serviceAllocation } = pool.spec;
  // Priority 0 is none: after all others.
  if (isMeantForSome(pool)) return [0, serviceAllocation?.priority || Number.MAX_SAFE_INTEGER];
  return [autoAssign ? 1 : 2, 0];
}

function compareTurns([groupA, priorityA]: Turn, [groupB, priorityB]: Turn): number {
  return groupA - groupB || priorityA - priorityB;
}
