import type { Lab, LabOptions, StoreKind } from './lab.ts';

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
  /** Where it plays; on a directory of manifests and on a real API server when it does not say. */
  readonly stores?: readonly StoreKind[];
  /** Measures what a busy machine would falsify: it has the machine to itself, after all that is not timed. */
  readonly timed?: boolean;
  readonly deadlineMs?: number;
  /** Takes so long that a short run leaves it out. */
  readonly isLong?: boolean;
}

export interface Scenario {
  readonly name: string;
  readonly options: ScenarioOptions;
  /** Throws when what it shows is not so. Leaves a lab that `Lab.heal` can bring back. */
  readonly play: (lab: Lab) => Promise<Measurement | undefined>;
}

/** What there is to show beside the kernel is shown on either store. */
export function playsOn({ options }: Scenario, store: StoreKind): boolean {
  const { stores, programs } = options;
  return stores?.includes(store) ?? (programs !== false || store === 'manifests');
}

/** One row of a scenario file. */
export function scenario(
  name: string,
  options: ScenarioOptions,
  play: (lab: Lab) => Promise<Measurement | undefined>,
): Scenario {
  return { name, options, play };
}

/** The same for scenarios that can share a lab. */
export function labKey({ options }: Scenario): string {
  return JSON.stringify([options.programs ?? true, options.lab ?? {}]);
}
