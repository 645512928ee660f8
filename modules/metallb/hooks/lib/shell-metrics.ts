import type { BindingContext, HookConfig, Metric } from './hook.ts';
import { snapshotOf } from './hook.ts';
import type { ShellOperation } from './shell-operations.ts';

/** One line of the file of metrics. */
export type MetricOperation =
  | { readonly group: string; readonly action: 'expire' }
  | ({ readonly group: string; readonly action: 'set' } & Metric);

/** All of a group anew: what an earlier run said of it is dropped, also where nothing is to say any more. */
export function metricOperations(group: string, metrics: readonly Metric[]): MetricOperation[] {
  return [
    { group, action: 'expire' },
    ...metrics.map((metric) => ({ group, action: 'set' as const, ...metric })),
  ];
}

/** What a run saw and asked for. One that asks for the same again and again is seen by its figures. */
export function runMetrics(
  { kubernetes }: HookConfig,
  contexts: readonly BindingContext[],
  operations: readonly ShellOperation[],
): Metric[] {
  const count = (kind: ShellOperation['operation']) =>
    operations.filter(({ operation }) => operation === kind).length;
  return [
    ...kubernetes.map(({ name }) => ({
      name: 'metallb_hook_objects',
      labels: { binding: name },
      value: snapshotOf(contexts, name).length,
    })),
    ...(['CreateIfNotExists', 'JSONPatch', 'DeleteInBackground'] as const).map((operation) => ({
      name: 'metallb_hook_operations',
      labels: { operation },
      value: count(operation),
    })),
  ];
}
