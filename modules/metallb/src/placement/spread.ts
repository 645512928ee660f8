import type { Distribution, PlacementChild } from './distribution.ts';
import { PriorityQueue } from './priority-queue.ts';

/**
 * Gives each child the node with the fewest children of its Service, then the fewest of the class, then the first by
 * rank. One Service's children, found together, cost a pop and a push for every node they end on or pass over.
 * @param children sorted by compareChildren
 */
export function spread(children: readonly PlacementChild[], distribution: Distribution): void {
  const queue = new PriorityQueue<string>(
    (a, b) => distribution.compareNodes(a, b),
    distribution.nodes,
  );
  for (const [service, siblings] of groupByService(children)) {
    spreadService({ service, siblings, queue, distribution });
  }
}

function groupByService(children: readonly PlacementChild[]): Map<string, PlacementChild[]> {
  const groups = new Map<string, PlacementChild[]>();
  for (const child of children) {
    const group = groups.get(child.service);
    if (group === undefined) groups.set(child.service, [child]);
    else group.push(child);
  }
  return groups;
}

interface Siblings {
  readonly service: string;
  readonly siblings: readonly PlacementChild[];
  readonly queue: PriorityQueue<string>;
  readonly distribution: Distribution;
}

function spreadService({ service, siblings, queue, distribution }: Siblings): void {
  // Nodes that have more of the Service than `level` wait aside until every node has that many.
  let level = 0;
  let aside: string[] = [];
  const returnAll = () => {
    for (const node of aside) queue.push(node);
    aside = [];
  };
  const nextNode = (): string => {
    for (;;) {
      const node = queue.pop();
      if (node === undefined) {
        level += 1;
        returnAll();
      } else if (distribution.loadOf(service, node) > level) {
        aside.push(node);
      } else {
        return node;
      }
    }
  };
  for (const child of siblings) {
    const node = nextNode();
    distribution.put(child, node);
    aside.push(node);
  }
  returnAll();
}
