import { keyOf } from '../../src/api/object.ts';
import { KINDS } from '../../src/store/kinds.ts';
import type { JsonPatchOperation, NewObject, Operation } from '../../src/store/store.ts';

/** One line of the file that shell-operator applies; it silently drops keys that it does not know. */
export type ShellOperation =
  | { readonly operation: 'CreateIfNotExists'; readonly object: NewObject }
  | ({ readonly operation: 'DeleteInBackground' } & Target)
  | ({
      readonly operation: 'JSONPatch';
      readonly subresource?: 'status';
      readonly ignoreMissingObject: true;
      readonly jsonPatch: readonly JsonPatchOperation[];
    } & Target);

interface Target {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

type Create = Extract<Operation, { do: 'create' }>;
type Patch = Extract<Operation, { do: 'patch' }>;
type Delete = Extract<Operation, { do: 'delete' }>;

/**
 * What store operations are in shell-operator's words. It knows no deletion of just one uid, so a name that is to be
 * free first is taken again in the run that the deletion leads to: by then no snapshot has the old object, and nothing
 * can delete its successor. What exists is written before what is new: who hears of a new child has heard of its
 * Service's status.
 */
export function shellOperations(operations: readonly Operation[]): ShellOperation[] {
  const deletions = operations.filter((operation) => operation.do === 'delete');
  const patches = operations.filter((operation) => operation.do === 'patch');
  const leaving = new Set(deletions.map(({ ref }) => identity(ref)));
  const creations = operations
    .filter((operation) => operation.do === 'create')
    .filter(({ object: { kind, metadata } }) => !leaving.has(identity({ kind, ...metadata })));
  return [...deletions.map(deletionOf), ...patches.map(patchOf), ...creations.map(creationOf)];
}

/** A run may see a snapshot from before its last run's creations. */
function creationOf({ object }: Create): ShellOperation {
  return { operation: 'CreateIfNotExists', object };
}

/** The foreground kind would wait for 20 s for finalizers, and nothing else would run. */
function deletionOf({ ref }: Delete): ShellOperation {
  return { operation: 'DeleteInBackground', ...targetOf(ref) };
}

/** An object that is gone meanwhile leads to another run anyway. */
function patchOf({ ref, subresource, patch }: Patch): ShellOperation {
  return {
    operation: 'JSONPatch',
    ...targetOf(ref),
    ...(subresource && { subresource }),
    ignoreMissingObject: true,
    jsonPatch: beginningWithValue(patch, ref.name),
  };
}

/** shell-operator refuses the whole file where the first item of a patch has no value. */
function beginningWithValue(
  patch: readonly JsonPatchOperation[],
  name: string,
): readonly JsonPatchOperation[] {
  const [first] = patch;
  if (first !== undefined && 'value' in first && first.value !== undefined) return patch;
  return [{ op: 'test', path: '/metadata/name', value: name }, ...patch];
}

function targetOf({ kind, namespace, name }: Patch['ref']): Target {
  return { apiVersion: KINDS[kind].apiVersion, kind, ...(namespace && { namespace }), name };
}

function identity(ref: { kind: string; namespace?: string | undefined; name: string }): string {
  return `${ref.kind}/${keyOf(ref)}`;
}
