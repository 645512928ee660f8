import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseContexts } from '../lib/contexts.ts';
import type { AlertHook, BindingContext, Hook, ValuesHook } from '../lib/hook.ts';
import { parseJson } from '../lib/json.ts';
import { metricOperations, runMetrics } from '../lib/shell-metrics.ts';
import { type ShellOperation, shellOperations } from '../lib/shell-operations.ts';
import { logLine } from './output.ts';
import { withinTime } from './watchdog.ts';

type AnyHook = Hook | AlertHook | ValuesHook;

/** A hook under the name of its file. */
export interface NamedHook {
  readonly name: string;
  readonly hook: AnyHook;
}

/** Far more than 10,000 Services need. */
const TIME_LIMIT_MS = 120_000;
/** As long as those that the chart makes. */
const KEY_BYTES = 32;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * One run: reads the contexts, and once all is computed writes the operations and the metrics. An operator reads
 * neither file where a hook fails.
 *
 * @throws Error in words for the operator's log
 */
export function runOnce({ name, hook }: NamedHook, environment: Environment): void {
  withinTime(TIME_LIMIT_MS, () => {
    const contextPath = pathIn(environment, 'BINDING_CONTEXT_PATH');
    const contexts = parseContexts(readFileSync(contextPath, 'utf8'), hook.config);
    const operations = operationsOf(hook, contexts);
    const metrics = [
      ...metricOperations(`metallb-${name}`, runMetrics(hook.config, contexts, operations)),
      ...('measure' in hook ? metricOperations(hook.metricGroup, hook.measure(contexts)) : []),
    ];
    if ('compute' in hook) writeValues(hook, contexts, environment);
    writeLines(pathIn(environment, 'KUBERNETES_PATCH_PATH'), operations);
    writeLines(pathIn(environment, 'METRICS_PATH'), metrics);
    report(operations);
  });
}

function operationsOf(hook: AnyHook, contexts: readonly BindingContext[]): ShellOperation[] {
  return 'handle' in hook ? shellOperations(hook.handle(contexts, Date.now())) : [];
}

/** The operator lays them over all other values until another run says otherwise, and forgets them when it ends. */
function writeValues(
  hook: ValuesHook,
  contexts: readonly BindingContext[],
  environment: Environment,
): void {
  const valuesPath = pathIn(environment, 'VALUES_PATH');
  const values = parseJson(readFileSync(valuesPath, 'utf8'), valuesPath);
  const newKey = () => randomBytes(KEY_BYTES).toString('base64');
  const additions = Object.entries(hook.compute(contexts, values, newKey)).map(([name, value]) => ({
    ...{ op: 'add', path: `/metallb/internal/${name}`, value },
  }));
  writeLines(pathIn(environment, 'VALUES_JSON_PATCH_PATH'), additions);
}

function pathIn(environment: Environment, name: string): string {
  const path = environment[name];
  if (path) return path;
  throw new Error(
    `${name} is not set: shell-operator sets it; with the argument --config a hook needs nothing`,
  );
}

/** A stream of JSON values: an array is not accepted. */
function writeLines(path: string, values: readonly object[]): void {
  writeFileSync(path, values.map((value) => `${JSON.stringify(value)}\n`).join(''));
}

function report(operations: readonly ShellOperation[]): void {
  if (operations.length === 0) return;
  const count = (kind: ShellOperation['operation']) =>
    operations.filter(({ operation }) => operation === kind).length;
  logLine('info', 'asked for changes', {
    creations: count('CreateIfNotExists'),
    patches: count('JSONPatch'),
    deletions: count('DeleteInBackground'),
  });
}
