import type { KubernetesObject } from '../api/object.ts';
import { Simulation } from '../simulation/simulation.ts';
import type { Kind } from '../store/store.ts';
import { type ApplyMode, applyChange, type Change, existing } from './apply-change.ts';
import { comparePlans, type PlanReport, sizeOf } from './plan-report.ts';
import { type PlanState, stateOf } from './plan-state.ts';

/** All that the controller and an election look at. */
export const PLANNED_KINDS = [
  'MetalLoadBalancerClass',
  'Service',
  'SDNInternalL2LBService',
  'Node',
  'EndpointSlice',
] as const satisfies readonly Kind[];

/** What is tried on which cluster. */
export interface PlanInput {
  readonly objects: readonly KubernetesObject[];
  readonly change: Change;
  /** Nodes that fail. */
  readonly failed: readonly string[];
  readonly mode: ApplyMode;
  readonly nowEpochMs: number;
}

const NOBODY: ReadonlySet<string> = new Set();

/**
 * What the controller and the elections would make of a change; without one, of the cluster as it is.
 * @throws CommandFailure for a change that can't be made
 */
export async function planChange(input: PlanInput): Promise<PlanReport> {
  const { objects, change, failed, mode, nowEpochMs } = input;
  const found = stateOf(objects, { epochMs: nowEpochMs, down: NOBODY });
  const simulation = new Simulation(objects, nowEpochMs);
  try {
    await simulation.settle();
    const settled = stateNow(simulation, NOBODY, found);
    if (!isAsked(input)) return { ...comparePlans(found, settled), underWay: undefined };
    for (const name of failed) existing(simulation, { kind: 'Node', name });
    applyChange(simulation, change, mode);
    await simulation.settle();
    const after = stateNow(simulation, new Set(failed), settled);
    const underWay = sizeOf(comparePlans(found, settled));
    return { ...comparePlans(settled, after), underWay };
  } finally {
    await simulation.stop();
  }
}

function isAsked({ change, failed }: PlanInput): boolean {
  return [...Object.values(change), failed].some((part: readonly unknown[]) => part.length > 0);
}

function stateNow(
  simulation: Simulation,
  down: ReadonlySet<string>,
  { classes }: PlanState,
): PlanState {
  const objects = PLANNED_KINDS.flatMap((kind) => [...simulation.list(kind)]);
  return stateOf(objects, { epochMs: simulation.epochMs, down, earlierClasses: classes });
}
