import type { Lab, LabOptions } from './lab.ts';
import { freshServices, heal } from './standard.ts';

/** Samples by name of the figure. */
export type Samples = Readonly<Record<string, readonly number[]>>;

/** What is measured in a lab, many times. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly trials: number;
  /** @param node whose turn it is */
  readonly trial: (lab: Lab, node: string, index: number) => Promise<Samples>;
}

/** Figures that share a lab. */
export interface FigureGroup {
  readonly lab: Partial<LabOptions>;
  readonly figures: readonly Figure[];
  /** What the lab needs beside, once. */
  readonly prepare?: (lab: Lab) => Promise<void>;
  /** Names of samples whose medians are compared, ours first. */
  readonly ratios?: readonly (readonly string[])[];
}

export async function measure(lab: Lab, figure: Figure): Promise<Map<string, number[]>> {
  const all = new Map<string, number[]>();
  for (let index = 0; index < figure.trials; index += 1) {
    // New Services for each trial: the moves of an earlier one do not weigh on them.
    await heal(lab);
    await freshServices(lab);
    const node = lab.nodes[index % lab.nodes.length] ?? '';
    for (const [name, samples] of Object.entries(await figure.trial(lab, node, index))) {
      all.set(name, [...(all.get(name) ?? []), ...samples]);
    }
  }
  return all;
}
