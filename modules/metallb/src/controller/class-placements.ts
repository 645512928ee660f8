import type { PlacementNode } from '../placement/balancer-nodes.ts';
import type { PlacementChild } from '../placement/distribution.ts';
import { place } from '../placement/place.ts';
import { rankNodes } from '../placement/rank.ts';

type Request = Parameters<typeof place>[0];

/** Where the children of one class sit. */
interface ClassLoad {
  readonly children: Map<string, PlacementChild>;
  /** Children on each node. */
  readonly loads: Map<string, number>;
  /** Nodes that were in the group, without children, when the controller started, and have been so since. */
  readonly known: Set<string>;
  nodes: readonly PlacementNode[];
  /** The eligible ones among them in their order, which takes a hash of each. */
  ranked: readonly string[] | undefined;
}

/**
 * Decides the preferred nodes of one Service's children at a time, knowing all others: what is decided counts at once,
 * written or not. A Service costs the same among many as among few; all children of a class are looked at only when
 * its nodes change or one of them has no children.
 */
export class ClassPlacements {
  readonly #classes = new Map<string, ClassLoad>();
  /** A Service's class and the keys of its children there. */
  readonly #services = new Map<string, { className: string; keys: Set<string> }>();
  readonly #onMoved: (service: string) => void;
  #knownNodes: ReadonlySet<string> = new Set();

  /** @param onMoved told of every other Service whose children have got another node */
  constructor(onMoved: (service: string) => void) {
    this.#onMoved = onMoved;
  }

  /** @param names nodes that were balancer nodes before the controller started: those have not joined */
  adoptNodes(names: ReadonlySet<string>): void {
    this.#knownNodes = names;
  }

  /** Takes over where a child sits as found in the store; the first word on a key counts. */
  adopt(className: string, child: PlacementChild): void {
    if (!this.#load(className).children.has(child.key)) this.#put(className, child);
  }

  /**
   * Like `place`, for the children of one Service.
   * @param request its children are all that the Service has in the class
   */
  place({ className, nodes: group, children }: Request): ReadonlyMap<string, string> {
    const load = this.#load(className);
    const nodes = withMemory(load, group);
    // A move that was decided and is not written yet holds.
    const wanted = children.map((child) => ({
      ...child,
      node: load.children.get(child.key)?.node ?? child.node,
    }));
    for (const service of new Set(children.map((child) => child.service))) this.#remove(service);
    const isSameGroup = sameNodes(load.nodes, nodes);
    if (!isSameGroup) load.ranked = undefined;
    load.nodes = nodes;
    const needsAll = !isSameGroup || hasEmptyNode(load, nodes, wanted);
    const others = needsAll ? [...load.children.values()] : imbalanceOf(load, wanted);
    const placed = this.#placeAmong(className, [...others, ...wanted]);
    for (const child of wanted) {
      this.#put(className, { ...child, node: placed.get(child.key) ?? child.node });
    }
    if (needsAll) this.#moveAll(className, placed);
    return placed;
  }

  /** The Service has no children any more. A node that it leaves empty takes from others. */
  forget(service: string): void {
    const className = this.#services.get(service)?.className;
    if (className === undefined) return;
    this.#remove(service);
    const load = this.#load(className);
    if (load.children.size === 0) this.#classes.delete(className);
    else if (hasEmptyNode(load, load.nodes, [])) {
      this.#moveAll(className, this.#placeAmong(className, [...load.children.values()]));
    }
  }

  #placeAmong(className: string, children: readonly PlacementChild[]): ReadonlyMap<string, string> {
    const load = this.#load(className);
    return place({ className, nodes: load.nodes, children }, (name, eligible) => {
      load.ranked ??= rankNodes(name, eligible);
      return load.ranked;
    });
  }

  #moveAll(className: string, placed: ReadonlyMap<string, string>): void {
    for (const child of this.#load(className).children.values()) {
      const node = placed.get(child.key) ?? child.node;
      if (node === child.node) continue;
      this.#put(className, { ...child, node });
      this.#onMoved(child.service);
    }
  }

  #load(className: string): ClassLoad {
    const existing = this.#classes.get(className);
    if (existing !== undefined) return existing;
    const load: ClassLoad = {
      children: new Map(),
      loads: new Map(),
      known: new Set(this.#knownNodes),
      nodes: [],
      ranked: undefined,
    };
    this.#classes.set(className, load);
    return load;
  }

  #put(className: string, child: PlacementChild): void {
    const { children, loads, known } = this.#load(className);
    count(loads, children.get(child.key)?.node, -1);
    count(loads, child.node, 1);
    if (child.node !== undefined) known.delete(child.node);
    children.set(child.key, child);
    const service = this.#services.get(child.service) ?? { className, keys: new Set() };
    service.keys.add(child.key);
    this.#services.set(child.service, service);
  }

  #remove(service: string): void {
    const { className, keys } = this.#services.get(service) ?? { className: '', keys: [] };
    const load = this.#classes.get(className);
    for (const key of keys) {
      count(load?.loads ?? new Map(), load?.children.get(key)?.node, -1);
      load?.children.delete(key);
    }
    this.#services.delete(service);
  }
}

function count(loads: Map<string, number>, node: string | undefined, change: number): void {
  if (node !== undefined) loads.set(node, (loads.get(node) ?? 0) + change);
}

/** The label on a node is no witness here: it may have been written for what is being placed now. */
function withMemory({ known }: ClassLoad, nodes: readonly PlacementNode[]): PlacementNode[] {
  const eligible = new Set(nodes.filter((node) => node.eligible).map(({ name }) => name));
  for (const name of known) if (!eligible.has(name)) known.delete(name);
  return nodes.map((node) => ({ ...node, known: known.has(node.name) }));
}

function sameNodes(a: readonly PlacementNode[], b: readonly PlacementNode[]): boolean {
  const eligible = (nodes: readonly PlacementNode[]) =>
    nodes.map((node) => (node.eligible ? node.name : '')).sort();
  return eligible(a).join(' ').trim() === eligible(b).join(' ').trim();
}

function hasEmptyNode(
  { loads }: ClassLoad,
  nodes: readonly PlacementNode[],
  wanted: readonly PlacementChild[],
): boolean {
  const own = new Set(wanted.map((child) => child.node));
  return nodes.some(
    ({ name, eligible, known }) => eligible && !known && !loads.get(name) && !own.has(name),
  );
}

/**
 * Stands in for the children of other Services. Placement compares loads, so what all nodes have alike is left out,
 * but for one child each: a node without children would count as one that joined.
 */
function imbalanceOf(
  { loads, nodes }: ClassLoad,
  wanted: readonly PlacementChild[],
): PlacementChild[] {
  const eligible = nodes.filter((node) => node.eligible).map((node) => node.name);
  const own = new Map<string, number>();
  for (const child of wanted) count(own, child.node, 1);
  const spare = (node: string) => {
    const load = loads.get(node) ?? 0;
    return Math.min(load, load + (own.get(node) ?? 0) - 1);
  };
  const alike = Math.max(0, Math.min(...eligible.map(spare)));
  return eligible.flatMap((node) =>
    Array.from({ length: (loads.get(node) ?? 0) - alike }, (_, order) => {
      // No Service's key: each stands for another Service.
      const key = `(${node} ${order})`;
      return { key, service: key, order: 0, node };
    }),
  );
}
