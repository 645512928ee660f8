import type { KubernetesObject } from '../../src/api/object.ts';
import type { Operation } from '../../src/store/store.ts';

/** What a hook asks for with `--config`: the objects that it sees, as one level-triggered group. */
export interface HookConfig {
  readonly configVersion: 'v1';
  readonly kubernetes: readonly KubernetesBinding[];
}

export interface KubernetesBinding {
  readonly name: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** Bindings of one group reach the hook as one context with the snapshots of all of them. */
  readonly group: string;
  /** Hooks of one queue never run at the same time. */
  readonly queue: string;
}

/** One element of the array that shell-operator hands to a hook; what hooks here don't read is left out. */
export interface BindingContext {
  readonly binding: string;
  readonly type?: string;
  readonly groupName?: string;
  readonly snapshots?: Readonly<Record<string, readonly SnapshotEntry[]>>;
}

export interface SnapshotEntry {
  readonly object?: KubernetesObject;
}

/** Reads the state, says what to write. Same contexts and time, same operations. */
export interface Hook {
  readonly config: HookConfig;
  handle(contexts: readonly BindingContext[], nowEpochMs: number): readonly Operation[];
}

/** The objects of one binding; the last context is the newest. */
export function snapshotOf(
  contexts: readonly BindingContext[],
  binding: string,
): KubernetesObject[] {
  const entries = contexts.findLast((context) => context.snapshots)?.snapshots?.[binding] ?? [];
  return entries.flatMap(({ object }) => (object === undefined ? [] : [object]));
}
