import { applyPatch } from 'rfc6902';
import { isRecord } from '../../modules/metallb/src/api/fields.ts';

/** An operation of JSON Patch: addon-operator knows no other. */
export interface ValuesOperation {
  readonly op: 'add' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}

type Values = Record<string, unknown>;

/**
 * Reads what a hook left in VALUES_JSON_PATCH_PATH: arrays of operations or single ones, one line each.
 * @throws Error for another operation, or a path outside of the module's key
 */
export function parseValuesPatch(text: string, key: string): ValuesOperation[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line): unknown[] => [JSON.parse(line)].flat())
    .map((operation) => parseOperation(operation, key));
}

function parseOperation(operation: unknown, key: string): ValuesOperation {
  const { op, path, value } = isRecord(operation) ? operation : {};
  const text = JSON.stringify(operation);
  if (op !== 'add' && op !== 'remove') throw new Error(`${text}: expected op add or remove`);
  if (typeof path !== 'string' || !(path === `/${key}` || path.startsWith(`/${key}/`))) {
    throw new Error(`${text}: expected a path that begins with /${key}`);
  }
  return { op, path, ...(op === 'add' && { value }) };
}

/** A copy with the operations in it; what they remove may be gone already. @throws Error when one has no place */
export function applyValuesPatches(values: Values, operations: readonly ValuesOperation[]): Values {
  const patched = structuredClone(values);
  for (const operation of operations) {
    const [failure] = applyPatch(patched, [{ value: undefined, ...operation }]);
    if (failure === null || failure === undefined) continue;
    if (operation.op === 'add') throw new Error(`${operation.path}: ${failure.message}`);
  }
  return patched;
}
