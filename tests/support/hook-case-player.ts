import { CHILD_KIND } from '../../modules/metallb/src/api/names.ts';
import type { Kind, NewObject, ObjectRef } from '../../modules/metallb/src/store/store.ts';
import { ControllerBench } from './controller-bench.ts';
import { FakeShellOperator } from './fake-shell-operator.ts';
import { type HookCase, type Outcome, outcomeOf, type Step, servedStatus } from './hook-case.ts';

export interface Played {
  /** After the start and after each step. */
  readonly outcomes: readonly Outcome[];
  /** Operations that the operator could not apply. */
  readonly failures: readonly string[];
}

/** Plays a case on a cluster in memory, where the controller runs the hooks, or does IPAM beside an operator's rules. */
export async function playInMemory(
  { start, steps = [] }: HookCase,
  runner: 'controller' | 'shell-operator' = 'controller',
): Promise<Played> {
  const bench = new ControllerBench([], runner);
  const operator = new FakeShellOperator(bench.store, () => bench.clock.epochMs());
  const settle = () =>
    bench.settle(async () => {
      if (runner === 'shell-operator') await operator.step();
    });
  for (const object of start) apply(bench, object);
  await settle();
  const outcomes = [outcome(bench)];
  for (const step of steps) {
    take(bench, step);
    await settle();
    outcomes.push(outcome(bench));
  }
  return { outcomes, failures: operator.failures };
}

function take(bench: ControllerBench, step: Step): void {
  if ('remove' in step) bench.store.remove(step.remove);
  else if ('serve' in step) serve(bench, step.serve, step.ips);
  else apply(bench, step.apply);
}

function serve({ store }: ControllerBench, ref: ObjectRef, ips: readonly string[]): void {
  const object = store.get(ref);
  if (object !== undefined) store.put({ ...object, status: servedStatus(ips) });
}

/** As server-side apply does it: what others wrote stays. */
function apply(bench: ControllerBench, object: NewObject): void {
  const { metadata } = object;
  const before = bench.store.get({ ...metadata, kind: object.kind as Kind })?.metadata;
  const merged = (field: 'labels' | 'annotations') => ({ ...before?.[field], ...metadata[field] });
  const labels = merged('labels');
  bench.change({
    ...object,
    metadata: { ...metadata, labels, annotations: merged('annotations') },
  });
}

function outcome({ store }: ControllerBench): Outcome {
  return outcomeOf({
    children: store.list(CHILD_KIND),
    services: store.list('Service'),
    nodes: store.list('Node'),
  });
}
