import type { Lab, LabOptions } from './lab.ts';

/** What a scenario measured; printed as one JSON line. */
export interface Measurement {
  readonly unit: string;
  readonly samples: readonly number[];
  /** Counts worth telling beside the samples, e.g. TCP connections reset. */
  readonly counts?: Readonly<Record<string, number>>;
}

export interface ScenarioOptions {
  /** Which lab it needs; scenarios that need the same one share it. */
  readonly lab?: Partial<LabOptions>;
  /** false: the kernel alone, without this project's programs and without Services. */
  readonly programs?: boolean;
  /** Measures time, so no other timed run may go on beside it. */
  readonly timed?: boolean;
  readonly deadlineMs?: number;
}

export interface Scenario {
  readonly name: string;
  readonly options: ScenarioOptions;
  /** Throws when what it shows is not so. Leaves a lab that `Lab.heal` can bring back. */
  readonly play: (lab: Lab) => Promise<Measurement | undefined>;
}

/** One row of a scenario file. */
export function scenario(
  name: string,
  options: ScenarioOptions,
  play: (lab: Lab) => Promise<Measurement | undefined>,
): Scenario {
  return { name, options, play };
}
