import { sameJson } from '../../hooks/lib/json.ts';
import { type ConditionChanges, statusPatch } from '../../hooks/lib/status-patch.ts';
import { isRecord } from '../api/fields.ts';
import type { KubernetesObject } from '../api/object.ts';
import { pointerTo, testVersion } from '../store/json-patch.ts';
import type { JsonPatchOperation, Kind, Operation } from '../store/store.ts';

export interface WantedStatus {
  readonly kind: Kind;
  readonly object: KubernetesObject;
  /** Other fields of the status. */
  readonly figures: Readonly<Record<string, unknown>>;
  readonly conditions: ConditionChanges;
}

/** The patch that brings an object's status to what is so, or undefined when it says that already. */
export function statusOperation(
  { kind, object, figures, conditions }: WantedStatus,
  nowEpochMs: number,
): Operation | undefined {
  const ofFigures = figuresPatch(object, figures);
  // Where there was no status, figures have made one.
  const base = ofFigures.length > 0 ? withStatus(object) : object;
  const patch = [...ofFigures, ...statusPatch(base, { conditions }, nowEpochMs)];
  if (patch.length === 0) return undefined;
  const { name, namespace } = object.metadata;
  return { do: 'patch', ref: { kind, namespace, name }, subresource: 'status', patch };
}

function withStatus(object: KubernetesObject): KubernetesObject {
  return isRecord(object.status) ? object : { ...object, status: {} };
}

function figuresPatch(
  object: KubernetesObject,
  figures: Readonly<Record<string, unknown>>,
): JsonPatchOperation[] {
  const status = isRecord(object.status) ? object.status : undefined;
  const differing = Object.entries(figures).filter(
    ([name, value]) => !sameJson(status?.[name], value),
  );
  if (differing.length === 0) return [];
  return [
    testVersion(object),
    ...(status === undefined ? [{ op: 'add', path: '/status', value: {} } as const] : []),
    ...differing.map(([name, value]) => ({
      op: 'add' as const,
      path: pointerTo('status', name),
      value,
    })),
  ];
}
