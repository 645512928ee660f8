import type { Condition, ObjectMeta } from './object.ts';

/** The parts of core/v1 Node that this module reads. */
export interface Node {
  readonly metadata: ObjectMeta;
  readonly labels: Readonly<Record<string, string>>;
  /** Has the annotation `network.deckhouse.io/drain-balancer` (any value but "false"). */
  readonly draining: boolean;
  /** Has the label `node.kubernetes.io/exclude-from-external-load-balancers`. */
  readonly excluded: boolean;
  readonly ready:
    | { readonly status: 'True' | 'False' | 'Unknown'; readonly since: string }
    | undefined;
  readonly conditions: readonly Condition[];
}
