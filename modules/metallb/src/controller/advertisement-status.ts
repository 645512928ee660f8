import type { ConditionValue } from '../../hooks/lib/status-patch.ts';
import { ADVERTISEMENT_CONDITION } from '../api/conditions.ts';
import { parseL2Advertisement } from '../api/l2-advertisement.ts';
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
  readonly namespaces: readonly string[];
  readonly nowEpochMs: number;
}

/** The patch that brings an L2Advertisement's status to what is so, or undefined when it says that already. */
export function advertisementStatusOperation(view: AdvertisementStatusView): Operation | undefined {
  const { object, nowEpochMs } = view;
  const conditions = new Map([[ADVERTISEMENT_CONDITION.accepted, acceptedCondition(view)]]);
  return statusOperation({ kind: 'L2Advertisement', object, figures: {}, conditions }, nowEpochMs);
}

/** All that is wrong with an advertisement. */
export function advertisementComplaints(object: KubernetesObject): readonly Problem[] {
  const parsed = parseL2Advertisement(object);
  return parsed.ok ? [] : parsed.problems;
}

function acceptedCondition({
  object,
  isInForce,
  pools,
  namespaces,
}: AdvertisementStatusView): ConditionValue {
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
  if (unknown.length > 0) {
    const message = `in force, but there is no pool ${unknown.join(', ')}`;
    return { status: 'True', reason: 'UnknownPool', message };
  }
  return [...pools.all.values()].some((pool) => advertises(spec, pool))
    ? { status: 'True', reason: 'Accepted', message: 'in force' }
    : {
        status: 'True',
        reason: 'NoPool',
        message: 'in force, but there is no pool that it selects',
      };
}
