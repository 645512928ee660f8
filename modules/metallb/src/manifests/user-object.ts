import { isDeepStrictEqual } from 'node:util';
import { CHILD_KIND } from '../api/names.ts';
import type { KubernetesObject } from '../api/object.ts';
import { describeObject, type PatchOperation } from '../store/apply-patch.ts';
import { InvalidError } from '../store/errors.ts';
import type { NewObject } from '../store/store.ts';
import type { BaseObject, Origin } from './published-objects.ts';
import type { Wanted } from './user-files.ts';

type Labels = Readonly<Record<string, string>>;

/** A user's object for the first time: as its file says. */
export function newUserObject({ object, file }: Wanted): NewObject {
  const origin: Origin = { file, labels: {}, ownsStatus: false };
  return { ...object, origin };
}

/** A user's object after its file changed: what the controller added stays. */
export function updatedUserObject({ object, file }: Wanted, before: BaseObject): KubernetesObject {
  const { labels, ownsStatus } = before.origin ?? { labels: {}, ownsStatus: false };
  const { uid, creationTimestamp, resourceVersion } = before.metadata;
  const { labels: wanted, ...metadata } = object.metadata;
  const merged = mergeLabels(wanted ?? {}, labels);
  return {
    ...object,
    metadata: {
      ...metadata,
      ...(Object.keys(merged).length > 0 ? { labels: merged } : {}),
      uid,
      creationTimestamp,
      resourceVersion,
    },
    status: ownsStatus ? before.status : object.status,
    origin: { file, labels, ownsStatus },
  };
}

/**
 * A user's object after the controller patched its labels.
 *
 * @throws InvalidError where the patch changed anything else: that belongs to the user's file
 */
export function relabelledUserObject(
  { ref }: PatchOperation,
  { base, origin, wanted }: { base: BaseObject; origin: Origin; wanted: Labels },
  patched: KubernetesObject,
): KubernetesObject {
  const { origin: _origin, ...before } = base;
  if (!isDeepStrictEqual(withoutLabels(patched), withoutLabels(before))) {
    throw new InvalidError(
      `${describeObject(ref)}: only labels and status can be set, the rest belongs to ${origin.file}`,
    );
  }
  const next = patched.metadata.labels ?? {};
  const labels: Record<string, string | null> = {};
  for (const name of new Set([...Object.keys(wanted), ...Object.keys(next)])) {
    if (next[name] !== wanted[name]) labels[name] = next[name] ?? null;
  }
  return {
    ...base,
    metadata: { ...base.metadata, labels: next },
    origin: { ...origin, labels },
  };
}

/** What the object's file said when it was last good, as far as the controller's copy shows it. */
export function wantedBy(base: BaseObject, { file, labels, ownsStatus }: Origin): Wanted {
  const { origin: _origin, status, metadata, ...rest } = base;
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _created, ...own } = metadata;
  const unset = Object.entries(own.labels ?? {}).filter(([name]) => labels[name] === undefined);
  const object = {
    ...rest,
    metadata: { ...own, labels: Object.fromEntries(unset) },
    ...(ownsStatus || status === undefined ? {} : { status }),
  };
  return { object: { ...object, apiVersion: base.apiVersion, kind: base.kind }, file };
}

/** Whether objects of this kind are the controller's own. */
export function isControllersKind(kind: string): boolean {
  return kind === CHILD_KIND;
}

function mergeLabels(wanted: Labels, owned: Origin['labels']): Labels {
  const merged: Record<string, string> = { ...wanted };
  for (const [name, value] of Object.entries(owned)) {
    if (value === null) delete merged[name];
    else merged[name] = value;
  }
  return merged;
}

function withoutLabels(object: KubernetesObject): unknown {
  const { labels: _labels, ...metadata } = object.metadata;
  const { status: _status, ...rest } = object;
  return { ...rest, metadata };
}
