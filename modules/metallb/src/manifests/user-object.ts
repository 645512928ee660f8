import { isDeepStrictEqual } from 'node:util';
import { CHILD_KIND } from '../api/names.ts';
import type { KubernetesObject } from '../api/object.ts';
import { describeObject, type PatchOperation } from '../store/apply-patch.ts';
import { InvalidError } from '../store/errors.ts';
import type { NewObject } from '../store/store.ts';
import { isMadeByNodes } from './fragments.ts';
import type { BaseObject, Origin } from './published-objects.ts';
import type { Wanted } from './user-files.ts';

type Texts = Readonly<Record<string, string>>;

/** What of a user's metadata the controller writes, too: each name has one owner. */
const SHARED = ['labels', 'annotations'] as const;

/** A user's object for the first time: as its file says. */
export function newUserObject({ object, file }: Wanted): NewObject {
  const origin: Origin = { file, labels: {}, ownsStatus: false };
  return { ...object, origin };
}

/** A user's object after its file changed: what the controller added stays. */
export function updatedUserObject({ object, file }: Wanted, before: BaseObject): KubernetesObject {
  const origin: Origin = { ...(before.origin ?? { labels: {}, ownsStatus: false }), file };
  const { uid, creationTimestamp, resourceVersion } = before.metadata;
  const { labels: _labels, annotations: _annotations, ...metadata } = object.metadata;
  const merged = SHARED.map((field) => {
    const texts = merge(object.metadata[field] ?? {}, origin[field] ?? {});
    return Object.keys(texts).length > 0 ? { [field]: texts } : {};
  });
  return {
    ...object,
    metadata: Object.assign(
      { ...metadata, uid, creationTimestamp, resourceVersion },
      ...merged,
    ) as KubernetesObject['metadata'],
    status: origin.ownsStatus ? before.status : object.status,
    origin,
  };
}

/** The parts of a user's object that the controller's patch is compared with. */
interface PatchBase {
  readonly base: BaseObject;
  readonly origin: Origin;
  /** As the object's file says. */
  readonly wanted: { readonly labels?: Texts; readonly annotations?: Texts };
}

/**
 * A user's object after the controller patched its labels or annotations.
 *
 * @throws InvalidError where the patch changed anything else: that belongs to the user's file
 */
export function remarkedUserObject(
  { ref }: PatchOperation,
  { base, origin, wanted }: PatchBase,
  patched: KubernetesObject,
): BaseObject {
  const { origin: _origin, ...before } = base;
  if (!isDeepStrictEqual(withoutShared(patched), withoutShared(before))) {
    throw new InvalidError(
      `${describeObject(ref)}: only labels, annotations and status can be set, the rest belongs to ${origin.file}`,
    );
  }
  const { labels, annotations } = patched.metadata;
  return {
    ...base,
    metadata: {
      ...base.metadata,
      ...(labels && { labels }),
      ...(annotations && { annotations }),
    },
    origin: {
      ...origin,
      labels: differenceOf(wanted.labels ?? {}, labels ?? {}),
      annotations: differenceOf(wanted.annotations ?? {}, annotations ?? {}),
    },
  };
}

function differenceOf(wanted: Texts, next: Texts): Record<string, string | null> {
  const owned: Record<string, string | null> = {};
  for (const name of new Set([...Object.keys(wanted), ...Object.keys(next)])) {
    if (next[name] !== wanted[name]) owned[name] = next[name] ?? null;
  }
  return owned;
}

/** What the object's file said when it was last good, as far as the controller's copy shows it. */
export function wantedBy(base: BaseObject, origin: Origin): Wanted {
  const { origin: _origin, status, metadata, ...rest } = base;
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _created, ...own } = metadata;
  const unset = (field: (typeof SHARED)[number]) =>
    Object.fromEntries(
      Object.entries(own[field] ?? {}).filter(([name]) => origin[field]?.[name] === undefined),
    );
  const object = {
    ...rest,
    metadata: { ...own, labels: unset('labels'), annotations: unset('annotations') },
    ...(origin.ownsStatus || status === undefined ? {} : { status }),
  };
  const { file } = origin;
  return { object: { ...object, apiVersion: base.apiVersion, kind: base.kind }, file };
}

/** Whether objects of this kind are the controller's own. */
export function isControllersKind(kind: string): boolean {
  return kind === CHILD_KIND || isMadeByNodes(kind);
}

function merge(wanted: Texts, owned: Readonly<Record<string, string | null>>): Texts {
  const merged: Record<string, string> = { ...wanted };
  for (const [name, value] of Object.entries(owned)) {
    if (value === null) delete merged[name];
    else merged[name] = value;
  }
  return merged;
}

function withoutShared(object: KubernetesObject): unknown {
  const { labels: _labels, annotations: _annotations, ...metadata } = object.metadata;
  const { status: _status, ...rest } = object;
  return { ...rest, metadata };
}
