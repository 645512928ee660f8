import type { KubernetesObject } from '../api/object.ts';
import { Simulation } from '../simulation/simulation.ts';
import { type ApplyMode, applyChange, type Change, existing } from './apply-change.ts';
import { comparePlans, type PlanReport, sizeOf } from './plan-report.ts';
import { type MetallbPlanOptions, type PlanState, stateOf } from './plan-state.ts';
import { PLANNED_KINDS } from './planned-kinds.ts';

/** What is tried on which cluster. */
export interface PlanInput {
  readonly objects: readonly KubernetesObject[];
  readonly change: Change;
  /** Nodes that fail. */
  readonly failed: readonly string[];
  readonly mode: ApplyMode;
  readonly nowEpochMs: number;
  /** As the controller has them; the defaults of its settings when absent. */
  readonly metallb?: MetallbPlanOptions;
}

const DEFAULTS: MetallbPlanOptions = {
  ...{ lbClass: undefined, metallbNamespaces: ['metallb-system'], metallbPoolPolicy: 'Keep' },
};
const NOBODY: ReadonlySet<string> = new Set();

/**
 * What the controller and the elections would make of a change; without one, of the cluster as it is.
 * @throws CommandFailure for a change that can't be made
 */
export async function planChange(input: PlanInput): Promise<PlanReport> {
  const { objects, change, failed, mode, nowEpochMs, metallb = DEFAULTS } = input;
  const found = stateOf(objects, { epochMs: nowEpochMs, down: NOBODY, metallb });
  const simulation = new Simulation(objects, nowEpochMs, metallb);
  const stateNow = (down: ReadonlySet<string>, earlier: PlanState) =>
    stateOf(
      PLANNED_KINDS.flatMap((kind) => [...simulation.list(kind)]),
      { epochMs: simulation.epochMs, down, earlier, metallb },
    );
  try {
    await simulation.settle();
    const settled = stateNow(NOBODY, found);
    if (!isAsked(input)) return { ...comparePlans(found, settled), underWay: undefined };
    for (const name of failed) existing(simulation, { kind: 'Node', name });
    applyChange(simulation, change, mode);
    await simulation.settle();
    const after = stateNow(new Set(failed), settled);
    const underWay = sizeOf(comparePlans(found, settled));
    return { ...comparePlans(settled, after), underWay };
  } finally {
    await simulation.stop();
  }
}

function isAsked({ change, failed }: PlanInput): boolean {
  return [...Object.values(change), failed].some((part: readonly unknown[]) => part.length > 0);
}
