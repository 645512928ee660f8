import type { Condition } from '../api/object.ts';
import { formatTimestamp } from '../time/clock.ts';

/** What a writer knows of a condition; since when it holds is found by comparing. */
export type WantedCondition = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/**
 * The conditions with the wanted ones merged in by type: in place, new ones at the end, those of other writers
 * untouched. `lastTransitionTime` changes only with `status`, as metav1.Condition asks.
 */
export function mergeConditions(
  existing: readonly Condition[],
  wanted: readonly WantedCondition[],
  nowEpochMs: number,
): Condition[] {
  const merged = new Map(existing.map((condition) => [condition.type, condition]));
  for (const condition of wanted) {
    const before = merged.get(condition.type);
    const lastTransitionTime =
      before?.status === condition.status ? before.lastTransitionTime : formatTimestamp(nowEpochMs);
    merged.set(condition.type, { ...before, ...condition, lastTransitionTime });
  }
  return [...merged.values()];
}
