import type { ConditionValue } from '../../hooks/lib/status-patch.ts';
import { ADVERTISEMENT_CONDITION } from '../api/conditions.ts';
import { type L2Advertisement, parseL2Advertisement } from '../api/l2-advertisement.ts';
import type { KubernetesObject } from '../api/object.ts';
import { formatProblems, type Problem } from '../api/problem.ts';
import { advertises } from '../metallb/advertised-pools.ts';
import { type ListedPools, unwatched } from '../metallb/listed-pools.ts';
import type { Operation } from '../store/store.ts';
import { statusOperation } from './status-operation.ts';

export interface AdvertisementStatusView {
  readonly object: KubernetesObject;
  /** The last good version of it is in force. */
  readonly isInForce: boolean;
  readonly pools: ListedPools;
  /** Names of pools that are gone while Services have IPs of them. */
  readonly orphaned: ReadonlySet<string>;
  readonly namespaces: readonly string[];
}

/** The patch that brings an L2Advertisement's status to what is so, or undefined when it says that already. */
export function advertisementStatusOperation(
  view: AdvertisementStatusView,
  nowEpochMs: number,
): Operation | undefined {
  const { object } = view;
  const conditions = new Map([[ADVERTISEMENT_CONDITION.accepted, acceptedCondition(view)]]);
  return statusOperation({ kind: 'L2Advertisement', object, figures: {}, conditions }, nowEpochMs);
}

/** All that is wrong with an advertisement. */
export function advertisementComplaints(object: KubernetesObject): readonly Problem[] {
  const parsed = parseL2Advertisement(object);
  return parsed.ok ? [] : parsed.problems;
}

/** What is to be said of an advertisement. */
export function acceptedCondition(view: AdvertisementStatusView): ConditionValue {
  const { object, isInForce, pools, namespaces } = view;
  const parsed = parseL2Advertisement(object);
  if (!parsed.ok) {
    const consequence = isInForce ? '; the last good version stays in force' : '';
    const message = `${formatProblems(parsed.problems)}${consequence}`;
    return { status: 'False', reason: 'Invalid', message };
  }
  const notWatched = unwatched(object.metadata.namespace ?? '', namespaces);
  if (notWatched !== undefined) return { status: 'False', ...notWatched };
  const { spec } = parsed.value;
  const unknown = spec.ipAddressPools.filter((name) => pools.named(name) === undefined);
  const missing = unknown.length === 0 ? 'that it selects' : unknown.join(', ');
  const message = `in force, but there is no pool ${missing}`;
  if (!isAboutAny(spec, view)) return { status: 'True', reason: 'NoPool', message };
  return unknown.length === 0
    ? { status: 'True', reason: 'Accepted', message: 'in force' }
    : { status: 'True', reason: 'UnknownPool', message };
}

/** What labels a pool had that is gone, nobody knows: it may have been selected. */
function isAboutAny(
  spec: L2Advertisement['spec'],
  { pools, orphaned }: AdvertisementStatusView,
): boolean {
  return (
    [...pools.all.values()].some((pool) => advertises(spec, pool)) ||
    [...orphaned].some(
      (name) => spec.ipAddressPoolSelectors.length > 0 || advertises(spec, { name, labels: {} }),
    )
  );
}
