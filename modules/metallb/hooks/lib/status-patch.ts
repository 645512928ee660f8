import type { WantedCondition } from '../../src/api/conditions.ts';
import { isRecord } from '../../src/api/fields.ts';
import type { KubernetesObject } from '../../src/api/object.ts';
import { pointerTo, testVersion } from '../../src/store/json-patch.ts';
import type { JsonPatchOperation } from '../../src/store/store.ts';
import { formatTimestamp } from '../../src/time/clock.ts';
import { listAt, valueAt } from './json.ts';

export type ConditionValue = Omit<WantedCondition, 'type'>;

/** By condition type; undefined means that the condition shall not be there. */
export type ConditionChanges = ReadonlyMap<string, ConditionValue | undefined>;

export interface StatusChanges {
  readonly conditions: ConditionChanges;
  /** IPs of status.loadBalancer.ingress in order; undefined leaves it as it is. */
  readonly ingress?: readonly string[] | undefined;
  /** Only of built-in kinds, whose annotations the API server takes from a status, too; undefined removes one. */
  readonly annotations?: Readonly<Record<string, string | undefined>>;
}

/**
 * The patch of the status that brings only what differs, guarded by the object's version. Conditions of other types,
 * and whatever else stands in the status, stay as they are.
 * @returns an empty list when nothing differs
 */
export function statusPatch(
  object: KubernetesObject,
  changes: StatusChanges,
  nowEpochMs: number,
): readonly JsonPatchOperation[] {
  const operations = [
    ...ingressOperations(object.status, changes.ingress),
    ...conditionOperations(object.status, changes.conditions, nowEpochMs),
  ];
  const annotations = annotationOperations(object, changes.annotations ?? {});
  if (operations.length + annotations.length === 0) return [];
  const needsStatus = operations.length > 0 && !isRecord(object.status);
  return [
    testVersion(object),
    ...annotations,
    ...(needsStatus ? [{ op: 'add', path: '/status', value: {} } as const] : []),
    ...operations,
  ];
}

function annotationOperations(
  { metadata: { annotations } }: KubernetesObject,
  wanted: Readonly<Record<string, string | undefined>>,
): JsonPatchOperation[] {
  const differing = Object.entries(wanted).filter(([name, value]) => annotations?.[name] !== value);
  if (differing.length === 0) return [];
  return [
    ...(annotations === undefined
      ? [{ op: 'add', path: '/metadata/annotations', value: {} } as const]
      : []),
    ...differing.map(([name, value]): JsonPatchOperation => {
      const path = pointerTo('metadata', 'annotations', name);
      return value === undefined ? { op: 'remove', path } : { op: 'add', path, value };
    }),
  ];
}

function ingressOperations(
  status: unknown,
  wanted: readonly string[] | undefined,
): JsonPatchOperation[] {
  if (wanted === undefined) return [];
  // Entries are compared by their IP alone: the API server adds `ipMode` to them.
  const present = listAt(status, 'loadBalancer', 'ingress').map((entry) => valueAt(entry, 'ip'));
  if (present.length === wanted.length && wanted.every((ip, index) => ip === present[index])) {
    return [];
  }
  if (wanted.length === 0) return [{ op: 'remove', path: '/status/loadBalancer/ingress' }];
  const ingress = wanted.map((ip) => ({ ip }));
  return isRecord(valueAt(status, 'loadBalancer'))
    ? [{ op: 'add', path: '/status/loadBalancer/ingress', value: ingress }]
    : [{ op: 'add', path: '/status/loadBalancer', value: { ingress } }];
}

function conditionOperations(
  status: unknown,
  changes: ConditionChanges,
  nowEpochMs: number,
): JsonPatchOperation[] {
  const present = listAt(status, 'conditions');
  const replaced: JsonPatchOperation[] = [];
  const removed: number[] = [];
  const added: unknown[] = [];
  for (const [type, wanted] of changes) {
    const index = present.findIndex((condition) => valueAt(condition, 'type') === type);
    if (index < 0) {
      if (wanted !== undefined) added.push(newCondition(type, wanted, undefined, nowEpochMs));
    } else if (wanted === undefined) {
      removed.push(index);
    } else if (!says(present[index], wanted)) {
      const value = newCondition(type, wanted, present[index], nowEpochMs);
      replaced.push(testType(index, type), { op: 'replace', path: pathOf(index), value });
    }
  }
  // Highest index first: a removal shifts what stands behind it.
  const removals = removed
    .sort((a, b) => b - a)
    .flatMap((index): JsonPatchOperation[] => [
      testType(index, valueAt(present[index], 'type')),
      { op: 'remove', path: pathOf(index) },
    ]);
  return [...replaced, ...removals, ...additions(status, added)];
}

function pathOf(index: number): string {
  return `/status/conditions/${index}`;
}

/** Conditions of other writers may have been merged in without a new version of the object. */
function testType(index: number, type: unknown): JsonPatchOperation {
  return { op: 'test', path: `${pathOf(index)}/type`, value: type };
}

function additions(status: unknown, added: readonly unknown[]): JsonPatchOperation[] {
  if (added.length === 0) return [];
  if (!Array.isArray(valueAt(status, 'conditions'))) {
    return [{ op: 'add', path: '/status/conditions', value: added }];
  }
  return added.map((value) => ({ op: 'add', path: '/status/conditions/-', value }));
}

function says(condition: unknown, wanted: ConditionValue): boolean {
  return (
    valueAt(condition, 'status') === wanted.status &&
    valueAt(condition, 'reason') === wanted.reason &&
    valueAt(condition, 'message') === wanted.message
  );
}

/** The transition time moves only with the status, as metav1.Condition has it. */
function newCondition(
  type: string,
  { status, reason, message }: ConditionValue,
  before: unknown,
  nowEpochMs: number,
): unknown {
  const since = valueAt(before, 'lastTransitionTime');
  const keeps = valueAt(before, 'status') === status && typeof since === 'string';
  const lastTransitionTime = keeps ? since : formatTimestamp(nowEpochMs);
  return { type, status, reason, message, lastTransitionTime };
}
