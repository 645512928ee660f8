import type { KubernetesObject } from '../../src/api/object.ts';
import type { Operation } from '../../src/store/store.ts';

/** What a hook asks for with `--config`: the objects that it sees, as one level-triggered group. */
export interface HookConfig {
  readonly configVersion: 'v1';
  /** Runs begin at least this far apart (a Go duration): what comes meanwhile is one run's. */
  readonly settings: {
    readonly executionMinInterval: `${number}ms`;
    readonly executionBurst: number;
  };
  readonly kubernetes: readonly KubernetesBinding[];
  readonly schedule: readonly ScheduleBinding[];
  /** Its place among the hooks that addon-operator runs before it renders the chart; shell-operator refuses it. */
  readonly beforeHelm?: number;
  /** Likewise once the release is deleted. */
  readonly afterDeleteHelm?: number;
}

interface ScheduleBinding {
  readonly name: string;
  readonly crontab: string;
  readonly allowFailure: boolean;
  readonly group: string;
  readonly queue: string;
}

interface NameSelector {
  readonly matchNames: readonly string[];
}

export interface KubernetesBinding {
  readonly name: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly nameSelector?: NameSelector;
  readonly namespace?: { readonly nameSelector: NameSelector };
  /** All when absent. */
  readonly executeHookOnEvent?: readonly ('Added' | 'Modified' | 'Deleted')[];
  /** Whether the objects that are there at the start are a reason to run it; true when absent. */
  readonly executeHookOnSynchronization?: boolean;
  /** What of the object the hook sees: a change of anything else is no reason to run it. */
  readonly jqFilter: string;
  readonly keepFullObjectsInMemory: false;
  /** A run that fails is not repeated after 5 to 32 s, with nothing else running in its queue meanwhile. */
  readonly allowFailure: boolean;
  /** Bindings of one group reach the hook as one context with the snapshots of all of them. */
  readonly group: string;
  /** Runs of one queue follow each other. */
  readonly queue: string;
}

/** One element of the array that shell-operator hands to a hook; what hooks here don't read is left out. */
export interface BindingContext {
  readonly binding: string;
  readonly snapshots?: Readonly<Record<string, readonly SnapshotEntry[]>>;
}

export interface SnapshotEntry {
  /** In full, or what the binding's jqFilter leaves of it. */
  readonly object: KubernetesObject;
}

/** A gauge. */
export interface Metric {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads the state, says what to write. Same contexts and time, same operations. */
export interface Hook {
  readonly config: HookConfig;
  handle(contexts: readonly BindingContext[], nowEpochMs: number): readonly Operation[];
}

/** Reads the state, says what to alert people of: the whole set each time. */
export interface AlertHook {
  readonly config: HookConfig;
  /** The operator drops what an earlier run said in the same group. */
  readonly metricGroup: string;
  measure(contexts: readonly BindingContext[]): readonly Metric[];
}

/** Reads the state and the settings, says what the chart is to be rendered with. For addon-operator alone. */
export interface ValuesHook {
  readonly config: HookConfig;
  /**
   * @param values all that the chart would be rendered with
   * @param newKey random, in base64
   * @returns values for `metallb.internal`, by their names. Some are secret: nothing else may tell of them
   */
  compute(
    contexts: readonly BindingContext[],
    values: unknown,
    newKey: () => string,
  ): Readonly<Record<string, unknown>>;
}

/** The objects of one binding; the last context is the newest. */
export function snapshotOf(
  contexts: readonly BindingContext[],
  binding: string,
): KubernetesObject[] {
  const entries = contexts.findLast((context) => context.snapshots)?.snapshots?.[binding] ?? [];
  return entries.map(({ object }) => object);
}
