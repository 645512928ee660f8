/** One IP of one Service, as placement sees it. */
export interface PlacementChild {
  /** Unique among the children of a class. */
  readonly key: string;
  readonly service: string;
  /** Its number within its Service. */
  readonly order: number;
  /** Its preferred node so far. */
  readonly node: string | undefined;
}

/** By Service, then number, then key: the order in which children are placed, whatever order they came in. */
export function compareChildren(a: PlacementChild, b: PlacementChild): number {
  return compareText(a.service, b.service) || a.order - b.order || compareText(a.key, b.key);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Which child sits on which eligible node, with the counts that placement compares. */
export class Distribution {
  /** In rank order. */
  readonly nodes: readonly string[];
  readonly #ranks: ReadonlyMap<string, number>;
  readonly #childrenOn: ReadonlyMap<string, Set<PlacementChild>>;
  readonly #countsOf = new Map<string, Map<string, number>>();
  readonly #nodeOf = new Map<string, string>();

  /** @param rankedNodes in rank order */
  constructor(rankedNodes: readonly string[]) {
    this.nodes = rankedNodes;
    this.#ranks = new Map(rankedNodes.map((node, rank) => [node, rank]));
    this.#childrenOn = new Map(rankedNodes.map((node) => [node, new Set()]));
  }

  /** Child key to node. */
  get placements(): ReadonlyMap<string, string> {
    return this.#nodeOf;
  }

  has(node: string): boolean {
    return this.#ranks.has(node);
  }

  load(node: string): number {
    return this.#childrenOn.get(node)?.size ?? 0;
  }

  /** How many children of this Service the node has. */
  loadOf(service: string, node: string): number {
    return this.#countsOf.get(service)?.get(node) ?? 0;
  }

  childrenOn(node: string): PlacementChild[] {
    return [...(this.#childrenOn.get(node) ?? [])];
  }

  /** Fewest children of the class first, then rank. */
  compareNodes(a: string, b: string): number {
    return this.load(a) - this.load(b) || this.#rank(a) - this.#rank(b);
  }

  put(child: PlacementChild, node: string): void {
    this.#nodeOf.set(child.key, node);
    this.#childrenOn.get(node)?.add(child);
    this.#count(child.service, node, 1);
  }

  move(child: PlacementChild, from: string, to: string): void {
    this.#childrenOn.get(from)?.delete(child);
    this.#count(child.service, from, -1);
    this.put(child, to);
  }

  #rank(node: string): number {
    return this.#ranks.get(node) ?? this.nodes.length;
  }

  #count(service: string, node: string, change: number): void {
    const counts = this.#countsOf.get(service) ?? new Map<string, number>();
    this.#countsOf.set(service, counts);
    counts.set(node, (counts.get(node) ?? 0) + change);
  }
}
