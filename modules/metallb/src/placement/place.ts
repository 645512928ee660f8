import type { PlacementNode } from './balancer-nodes.ts';
import { compareChildren, Distribution, type PlacementChild } from './distribution.ts';
import { rankNodes } from './rank.ts';
import { rebalance } from './rebalance.ts';
import { spread } from './spread.ts';

interface PlacementInput {
  readonly className: string;
  readonly nodes: readonly PlacementNode[];
  /** All children of the class. */
  readonly children: readonly PlacementChild[];
}

/**
 * The preferred node of each child. What sits on an eligible node stays; only a node that joined takes children from
 * others. The same input, in any order, has the same result, and the result placed again is itself.
 * @param rank `rankNodes`, or one that remembers
 * @returns child key to node; a child without a node is absent
 */
export function place(
  { className, nodes, children }: PlacementInput,
  rank = rankNodes,
): ReadonlyMap<string, string> {
  const eligible = nodes.filter((node) => node.eligible).map((node) => node.name);
  if (eligible.length === 0) return keepOnKnownNodes(nodes, children);

  const distribution = new Distribution(rank(className, eligible));
  const unplaced: PlacementChild[] = [];
  for (const child of [...children].sort(compareChildren)) {
    if (child.node !== undefined && distribution.has(child.node)) {
      distribution.put(child, child.node);
    } else {
      unplaced.push(child);
    }
  }
  // A node without children is one that joined, unless it was there before: deleted Services seldom empty a node
  // entirely, but Deckhouse's module has all Services with one IP on one node of many.
  const known = new Set(nodes.filter((node) => node.known).map((node) => node.name));
  const someNodeJoined = distribution.nodes.some(
    (node) => distribution.load(node) === 0 && !known.has(node),
  );
  spread(unplaced, distribution);
  if (someNodeJoined) rebalance(distribution);
  return distribution.placements;
}

/** With nobody eligible, moving would only lose what is known: the children stay where a node still is. */
function keepOnKnownNodes(
  nodes: readonly PlacementNode[],
  children: readonly PlacementChild[],
): Map<string, string> {
  const known = new Set(nodes.map((node) => node.name));
  const kept = new Map<string, string>();
  for (const { key, node } of children) {
    if (node !== undefined && known.has(node)) kept.set(key, node);
  }
  return kept;
}
