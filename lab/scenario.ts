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
  /**
   * Measures what a busy machine would falsify: it is played after all that is not timed, and has the machine to itself.
   * `in-part`: while it measures, as it says (`alone`).
   */
  readonly timed?: boolean | 'in-part';
  readonly deadlineMs?: number;
  /** Takes so long that a short run leaves it out. */
  readonly isLong?: boolean;
  /** A short run plays it on each store; of the rest that plays on both, on a directory of manifests only. */
  readonly inEachShortRun?: boolean;
}

/** Has the machine to itself for a while. */
export type Alone = <Result>(measure: () => Promise<Result>) => Promise<Result>;

/** Throws when what it shows is not so. Leaves a lab that `heal` can bring back. */
export type Play = (lab: Lab, alone: Alone) => Promise<Measurement | undefined>;

export interface Scenario {
  readonly name: string;
  readonly options: ScenarioOptions;
  readonly play: Play;
}

/** What there is to show beside the kernel is shown on either store. */
export function playsOn({ options }: Scenario, store: StoreKind): boolean {
  const { stores, programs } = options;
  return stores?.includes(store) ?? (programs !== false || store === 'manifests');
}

/** One row of a scenario file. */
export function scenario(name: string, options: ScenarioOptions, play: Play): Scenario {
  return { name, options, play };
}

/** The same for scenarios that can share a lab. */
export function labKey({ options }: Scenario): string {
  return JSON.stringify([options.programs ?? true, options.lab ?? {}]);
}
