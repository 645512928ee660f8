import type { IpRange } from '../net/range.ts';
import type { Condition, ObjectMeta } from './object.ts';

/** network.deckhouse.io/v1alpha1 MetalLoadBalancerClass: a group of nodes joined to a pool of addresses. */
export interface MetalLoadBalancerClass {
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly isDefault: boolean;
    readonly type: 'L2' | 'BGP' | 'L2AndBGP';
    readonly addressPool: readonly IpRange[];
    /** Equality labels, all of them; empty means every node. */
    readonly nodeSelector: Readonly<Record<string, string>>;
    readonly l2: {
      /** Interfaces to announce from; empty means every usable one. */
      readonly interfaces: readonly string[];
      /** When a returning preferred node takes its IPs back (network rule 22). */
      readonly failback: Failback;
      /** Treat nodes with the exclude label as any other (Deckhouse's behaviour). */
      readonly ignoreExcludeLabel: boolean;
    };
  };
  readonly status: ClassStatus;
}

export type Failback =
  | { readonly mode: 'auto' | 'never' }
  /** Daily UTC window, minutes since midnight; may wrap over midnight. */
  | { readonly mode: 'window'; readonly startMinute: number; readonly endMinute: number };

export interface ClassStatus {
  readonly conditions: readonly Condition[];
  readonly nodes: readonly string[];
  readonly addresses: { readonly total: string; readonly used: string };
}
