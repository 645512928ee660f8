import type { MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import type { Node } from '../api/node.ts';

/** A node of a class's group, and whether it may be a child's preferred node now. */
export interface PlacementNode {
  readonly name: string;
  readonly eligible: boolean;
  /** It was a balancer node before, says who remembers: without children, it is not one that joined. */
  readonly known?: boolean;
}

/**
 * The class's group. Draining nodes are not eligible, excluded ones only where the label counts: it does not where
 * the class ignores it, nor where it would leave nobody (kubeadm puts it on every control-plane node).
 */
export function balancerNodes(
  spec: Pick<MetalLoadBalancerClass['spec'], 'nodeSelector' | 'l2'>,
  nodes: readonly Node[],
): PlacementNode[] {
  const group = nodes.filter((node) => selects(spec.nodeSelector, node.labels));
  const labelCounts =
    !spec.l2.ignoreExcludeLabel && group.some((node) => !node.draining && !node.excluded);
  return group.map((node) => ({
    name: node.metadata.name,
    eligible: !node.draining && !(labelCounts && node.excluded),
  }));
}

/** The nodes that may serve in spite of the exclude label, which the class honours: it would leave nobody. */
export function nodesDespiteExcludeLabel(
  spec: Pick<MetalLoadBalancerClass['spec'], 'nodeSelector' | 'l2'>,
  nodes: readonly Node[],
): string[] {
  if (spec.l2.ignoreExcludeLabel) return [];
  const excluded = new Set(nodes.filter((node) => node.excluded).map((node) => node.metadata.name));
  return balancerNodes(spec, nodes)
    .filter(({ name, eligible }) => eligible && excluded.has(name))
    .map(({ name }) => name);
}

function selects(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}
