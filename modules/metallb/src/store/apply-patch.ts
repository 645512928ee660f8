import { applyPatch } from 'rfc6902';
import { type KubernetesObject, keyOf } from '../api/object.ts';
import { ConflictError, InvalidError } from './errors.ts';
import type { JsonPatchOperation, Operation } from './store.ts';

/** The patch form of an Operation. */
export type PatchOperation = Extract<Operation, { do: 'patch' }>;

/** Names an object among those of all kinds, in messages and as a key, e.g. `Service/default/nginx`. */
export function describeObject(ref: {
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}): string {
  return `${ref.kind}/${keyOf(ref)}`;
}

/**
 * `object` with the patch applied as the API server does it: all of it or nothing, `status` apart from the rest, and
 * what identifies the object stays as it was.
 *
 * @throws ConflictError when a `test` fails, InvalidError when the patch does not fit the object
 */
export function patchObject(object: KubernetesObject, operation: PatchOperation): KubernetesObject {
  const patched = applyTo(object, operation);
  if (operation.subresource === 'status' && !isBuiltIn(object)) {
    return withStatus(object, patched.status);
  }
  const { uid, resourceVersion, creationTimestamp } = object.metadata;
  if (!sameIdentity(patched, object)) {
    throw new InvalidError(`${describeObject(operation.ref)}: a patch can't rename an object`);
  }
  const metadata = { ...patched.metadata, uid, resourceVersion, creationTimestamp };
  return operation.subresource === 'status'
    ? withStatus({ ...object, metadata }, patched.status)
    : withStatus({ ...patched, metadata }, object.status);
}

/** Of the kinds in the API server itself, a write of the status takes labels and annotations along. */
function isBuiltIn({ apiVersion }: KubernetesObject): boolean {
  return !apiVersion.includes('/');
}

function withStatus(object: KubernetesObject, status: unknown): KubernetesObject {
  const { status: _, ...rest } = object;
  return status === undefined ? rest : { ...rest, status };
}

/** A deep copy as it would come back from the wire: fields without a value are gone. */
export function asStored<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

function applyTo(object: KubernetesObject, { ref, patch }: PatchOperation): KubernetesObject {
  const draft = asStored(object);
  asStored(patch).forEach((step, index) => {
    const failure = applyStep(draft, step);
    if (failure === undefined) return;
    const message = `${describeObject(ref)}: patch[${index}] ${step.op} ${step.path}: ${failure.message}`;
    throw step.op === 'test' ? new ConflictError(message) : new InvalidError(message);
  });
  return draft;
}

function applyStep(draft: KubernetesObject, step: JsonPatchOperation): Error | undefined {
  try {
    return applyPatch(draft, [step])[0] ?? undefined;
  } catch (error) {
    // rfc6902 throws where a path is not a JSON pointer at all.
    throw new InvalidError(`${step.op} ${step.path}: not a JSON pointer`, { cause: error });
  }
}

function sameIdentity(a: KubernetesObject, b: KubernetesObject): boolean {
  return (
    a.apiVersion === b.apiVersion &&
    a.kind === b.kind &&
    a.metadata?.name === b.metadata.name &&
    a.metadata?.namespace === b.metadata.namespace
  );
}
