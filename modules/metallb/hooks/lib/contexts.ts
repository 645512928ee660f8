import { isRecord } from '../../src/api/fields.ts';
import { parseObject } from '../../src/api/object.ts';
import { formatProblems } from '../../src/api/problem.ts';
import type { BindingContext, HookConfig, SnapshotEntry } from './hook.ts';
import { parseJson } from './json.ts';

/** The operator handed over something that can't be right: to go on would be to take objects for deleted. */
export class ContextError extends Error {
  override readonly name = 'ContextError';
}

/**
 * Reads a binding context file.
 *
 * @throws ContextError unless the newest snapshots hold every binding of the hook, each object in full or filtered
 */
export function parseContexts(text: string, config: HookConfig): BindingContext[] {
  const read = parseJson(text, 'the binding context');
  if (!Array.isArray(read)) throw new ContextError('the binding context is no JSON array');
  const contexts = read.map(parseContext);
  const newest = contexts.findLast((context) => context.snapshots)?.snapshots ?? {};
  const missing = config.kubernetes.map(({ name }) => name).filter((name) => !(name in newest));
  if (missing.length > 0) {
    throw new ContextError(`the binding context has no snapshot of ${missing.join(', ')}`);
  }
  return contexts;
}

function parseContext(context: unknown, index: number): BindingContext {
  if (!isRecord(context) || typeof context['binding'] !== 'string') {
    throw new ContextError(`element ${index} of the binding context names no binding`);
  }
  const { binding, snapshots } = context;
  return isRecord(snapshots) ? { binding, snapshots: parseSnapshots(snapshots) } : { binding };
}

function parseSnapshots(
  snapshots: Readonly<Record<string, unknown>>,
): Record<string, SnapshotEntry[]> {
  return Object.fromEntries(
    Object.entries(snapshots).map(([binding, entries]) => {
      if (!Array.isArray(entries)) throw new ContextError(`snapshot ${binding} is no JSON array`);
      return [binding, entries.map((entry, index) => parseEntry(entry, `${binding}[${index}]`))];
    }),
  );
}

function parseEntry(entry: unknown, place: string): SnapshotEntry {
  const { filterResult, object } = isRecord(entry) ? entry : {};
  const parsed = parseObject(filterResult ?? object);
  if (parsed.ok) return { object: parsed.value };
  throw new ContextError(`snapshot ${place} has no object: ${formatProblems(parsed.problems)}`);
}
