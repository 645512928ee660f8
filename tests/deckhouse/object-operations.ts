import { type Api, ApiError } from '../../lab/kubernetes/api.ts';
import { isRecord } from '../../modules/metallb/src/api/fields.ts';
import type { NewObject } from '../../modules/metallb/src/store/store.ts';
import { resourceOf } from './resources.ts';

interface Target {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** What hooks ask of the operator; the operations that no hook of ours uses are left out. */
export type ObjectOperation =
  | { readonly operation: 'CreateIfNotExists'; readonly object: NewObject }
  | (Target & { readonly operation: 'DeleteInBackground' })
  | (Target & {
      readonly operation: 'JSONPatch';
      readonly subresource?: string;
      readonly ignoreMissingObject?: boolean;
      readonly jsonPatch: readonly object[];
    });

/**
 * Reads the file of a run. As in shell-operator, the first wrong operation makes all of it an error.
 * @throws Error which quotes the operation
 */
export function parseOperations(text: string): ObjectOperation[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const operation: unknown = JSON.parse(line);
      if (!isRecord(operation) || !isComplete(operation)) {
        throw new Error(`no operation that an operator would take: ${line}`);
      }
      return operation as unknown as ObjectOperation;
    });
}

function isComplete(operation: Readonly<Record<string, unknown>>): boolean {
  const isText = (name: string) => typeof operation[name] === 'string';
  const hasTarget = isText('kind') && isText('name') && isText('apiVersion');
  switch (operation['operation']) {
    case 'CreateIfNotExists':
      return isRecord(operation['object']);
    case 'DeleteInBackground':
      return hasTarget;
    case 'JSONPatch':
      return hasTarget && beginsWithValue(operation['jsonPatch']);
    default:
      return false;
  }
}

/** Its schema wants op, path and value of the first item. */
function beginsWithValue(patch: unknown): boolean {
  const first: unknown = Array.isArray(patch) ? patch[0] : undefined;
  return isRecord(first) && ['op', 'path', 'value'].every((name) => name in first);
}

/** @throws ApiError as the API server refuses it: the operator would run the hook again */
export async function perform(api: Api, operation: ObjectOperation): Promise<void> {
  switch (operation.operation) {
    case 'CreateIfNotExists':
      return create(api, operation.object);
    case 'DeleteInBackground':
      return unlessStatus(404, api.send('DELETE', await pathOf(api, operation)));
    case 'JSONPatch': {
      const subresource = operation.subresource?.replace(/^\//, '');
      const path = await pathOf(api, operation);
      const whole = subresource === undefined ? path : `${path}/${subresource}`;
      const patched = api.send('PATCH', whole, operation.jsonPatch, 'application/json-patch+json');
      return operation.ignoreMissingObject === true
        ? unlessStatus(404, patched)
        : void (await patched);
    }
  }
}

async function create(api: Api, object: NewObject): Promise<void> {
  const { apiVersion, kind, metadata } = object;
  const { objectPath } = await resourceOf(api, apiVersion, kind);
  const path = objectPath(metadata.name, metadata.namespace);
  await unlessStatus(409, api.send('POST', path.slice(0, path.lastIndexOf('/')), object));
}

async function pathOf(api: Api, { apiVersion, kind, name, namespace }: Target): Promise<string> {
  return (await resourceOf(api, apiVersion, kind)).objectPath(name, namespace);
}

async function unlessStatus(status: number, request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof ApiError && error.status === status)) throw error;
  }
}
