import { isDeepStrictEqual } from 'node:util';
import type { Announcer } from '../api/announcer.ts';
import type { WantedCondition } from '../api/conditions.ts';
import { isRecord } from '../api/fields.ts';
import type { KubernetesObject } from '../api/object.ts';
import type { JsonPatchOperation } from '../store/store.ts';
import { formatTimestamp } from '../time/clock.ts';

/** What this node wants to say in an object's status. */
export interface WantedStatus {
  readonly announcer: Announcer | undefined;
  /** Other fields of the status that are this node's word. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly conditions: readonly WantedCondition[];
}

/**
 * The patch that says it, and nothing else: other writers' conditions and fields stay as they are. Empty when the
 * status says it already. Refused by the store when the object changed since it was read.
 */
export function statusPatch(
  object: KubernetesObject,
  wanted: WantedStatus,
  nowEpochMs: number,
): JsonPatchOperation[] {
  const status = isRecord(object.status) ? object.status : {};
  const steps = [
    ...fieldSteps(status, wanted.fields ?? {}),
    ...announcerSteps(status, wanted.announcer),
    ...conditionSteps(status, wanted.conditions, nowEpochMs),
  ];
  if (steps.length === 0) return [];
  const parents: JsonPatchOperation[] = isRecord(object.status)
    ? []
    : [{ op: 'add', path: '/status', value: {} }];
  const path = '/metadata/resourceVersion';
  return [{ op: 'test', path, value: object.metadata.resourceVersion }, ...parents, ...steps];
}

function fieldSteps(
  status: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): JsonPatchOperation[] {
  return Object.entries(wanted)
    .filter(([field, value]) => !isDeepStrictEqual(status[field], value))
    .map(([field, value]) => ({ op: 'add', path: `/status/${field}`, value }));
}

function announcerSteps(
  status: Readonly<Record<string, unknown>>,
  wanted: Announcer | undefined,
): JsonPatchOperation[] {
  const existing = isRecord(status['announcer']) ? status['announcer'] : {};
  if (wanted === undefined) return [];
  const same = Object.entries(wanted).every(([field, value]) => existing[field] === value);
  return same ? [] : [{ op: 'add', path: '/status/announcer', value: wanted }];
}

function conditionSteps(
  status: Readonly<Record<string, unknown>>,
  wanted: readonly WantedCondition[],
  nowEpochMs: number,
): JsonPatchOperation[] {
  const conditions: unknown = status['conditions'];
  const existing: readonly unknown[] = Array.isArray(conditions) ? conditions : [];
  const steps = wanted.flatMap((condition) => conditionStep(existing, condition, nowEpochMs));
  if (steps.length === 0 || Array.isArray(conditions)) return steps;
  return [{ op: 'add', path: '/status/conditions', value: [] }, ...steps];
}

function conditionStep(
  existing: readonly unknown[],
  wanted: WantedCondition,
  nowEpochMs: number,
): JsonPatchOperation[] {
  const index = existing.findIndex((entry) => isRecord(entry) && entry['type'] === wanted.type);
  const before = existing[index];
  const lastTransitionTime = formatTimestamp(nowEpochMs);
  if (!isRecord(before)) {
    // A fault that never was needs no condition that says so.
    if (wanted.status === 'False') return [];
    return [{ op: 'add', path: '/status/conditions/-', value: { ...wanted, lastTransitionTime } }];
  }
  const same = Object.entries(wanted).every(([field, value]) => before[field] === value);
  if (same || (wanted.status === 'False' && before['status'] === 'False')) return [];
  const since = before['status'] === wanted.status ? before['lastTransitionTime'] : undefined;
  const value = { ...before, ...wanted, lastTransitionTime: since ?? lastTransitionTime };
  return [{ op: 'replace', path: `/status/conditions/${index}`, value }];
}
