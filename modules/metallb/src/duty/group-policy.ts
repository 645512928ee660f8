import type { Failback } from '../api/failback.ts';
import { isLayer2, type MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import type { Node } from '../api/node.ts';
import type { Reachability } from '../api/reachability.ts';
import type { IpRange } from '../net/range.ts';

/** What makes some of the nodes a group that announces IPs. */
export interface GroupPolicy {
  readonly id: string;
  /** By ARP and NDP; else its IPs are announced another way alone. */
  readonly isLayer2: boolean;
  readonly pools: readonly IpRange[];
  /** Interfaces that every node is limited to; empty means every usable one, `by-node` that they differ. */
  readonly interfaces: readonly string[] | 'by-node';
  /** Only interfaces that have an address whose subnet an IP belongs to. */
  readonly bySubnet: boolean;
  /** Treat nodes with the exclude label as any other. */
  readonly ignoreExcludeLabel: boolean;
  readonly failback: Failback;
  /** What a node must reach to come first; undefined: nothing is probed. */
  readonly reachability: Reachability | undefined;
  /** An IP that nobody serves is not announced. */
  readonly needsEndpoints: boolean;
  /** The node that all ready endpoints are on comes first. */
  readonly followsEndpoints: boolean;
  /** The newest of what it is made of. */
  readonly version: number;
  selects(node: Node): boolean;
  /** Empty means every usable one. @param node undefined: one that is not known */
  interfacesOn(node: Node | undefined): readonly string[];
  /** How much a node is preferred among those that are equal otherwise. */
  weightOf(node: Node): number;
}

/** The nodes that a class names, and how they announce the IPs of its pool. */
export function policyOfClass(owner: MetalLoadBalancerClass): GroupPolicy {
  const { metadata, spec } = owner;
  const { interfaces, interfaceSelection, ignoreExcludeLabel, failback, reachability } = spec.l2;
  return {
    id: metadata.name,
    isLayer2: isLayer2(owner),
    pools: spec.addressPool,
    interfaces,
    bySubnet: interfaceSelection === 'BySubnet',
    ignoreExcludeLabel,
    failback,
    reachability,
    needsEndpoints: false,
    followsEndpoints: false,
    version: Number(metadata.resourceVersion),
    selects: ({ labels }) =>
      Object.entries(spec.nodeSelector).every(([label, value]) => labels[label] === value),
    interfacesOn: () => interfaces,
    weightOf: () => 0,
  };
}
