import type { Child } from '../api/child.ts';
import type { MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import type { Service } from '../api/service.ts';

/** A kind's objects that can be understood, each in its last good version. */
export interface Known<T> {
  values(): Iterable<T>;
}

/** What the controller knows of the cluster. It may be a moment behind: the controller checks again what it acts on. */
export interface AdmissionView {
  readonly classes: Known<MetalLoadBalancerClass>;
  readonly services: Known<Service>;
  readonly children: Known<Child>;
}

/** Who installs the module and migrates what was before it. */
export const DECKHOUSE = 'system:serviceaccount:d8-system:deckhouse';

export interface AdmissionOptions {
  /** Of Deckhouse's ModuleConfig: under 1, classes that the migration made belong to Deckhouse. */
  readonly moduleConfigVersion: number;
  /** Of Deckhouse: not every one has BGP. */
  readonly edition: string;
  /** Whose objects of MetalLB's API count. */
  readonly metallbNamespaces: readonly string[];
}
