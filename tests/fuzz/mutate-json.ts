import type { Random } from './random.ts';

type Node = { readonly holder: Holder; readonly key: string };
type Holder = Record<string, unknown>;

const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -1, 0.5, 1e21, 2 ** 53, '', 'a', '0', ' ', '\u0000', '\ud800'],
  ...[[], {}, [null], [[]], { '': null }],
];
const NAMES = ['__proto__', 'constructor', 'toString', 'length', ''];
/** `JSON.parse` reads deeper than most code that walks over what it has read. */
const DEPTHS = { some: 10, deep: [500, 7_000] } as const;
const DEEP_ONCE_IN = 32;

const DEEP = '['.repeat(400);
const GRAFT_ONCE_IN = 4;

/**
 * A few changes of the tree: another value, one less, one more, one that is there twice or comes from another tree, one
 * wrapped in thousands.
 */
export function mutateJson(
  input: Uint8Array,
  random: Random,
  pool: readonly Uint8Array[],
): Uint8Array {
  const root: Holder = { tree: treeOf(input) };
  const donor = random.once(GRAFT_ONCE_IN) ? { tree: treeOf(random.pick(pool)) } : root;
  do {
    const others = nodesOf(donor);
    const nodes = donor === root ? others : nodesOf(root);
    random.pick(CHANGES)(random.pick(nodes), random, others);
  } while ('tree' in root && random.once(2));
  const written = writtenTree(root['tree']);
  return written === undefined ? input : Buffer.from(written);
}

/** Null for what is no tree, and for one so deep that it takes long to write: that is deep enough as it is. */
function treeOf(input: Uint8Array): unknown {
  const text = Buffer.from(input).toString();
  if (text.includes(DEEP)) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Depth goes round the writer's own limit: it is text that is wrapped. */
const WRAPPED = /"\\u0000wrapped (\d+)"/g;

function writtenTree(tree: unknown): string | undefined {
  try {
    return JSON.stringify(tree)?.replace(WRAPPED, (_, depth) => {
      const times = Number(depth);
      return '['.repeat(times) + ']'.repeat(times);
    });
  } catch {
    // Too deep already.
    return undefined;
  }
}

/** @param others where something may be taken from */
type Change = (node: Node, random: Random, others: readonly Node[]) => void;

const replace: Change = ({ holder, key }, random) => {
  holder[key] = structuredClone(random.pick(VALUES));
};

const remove: Change = ({ holder, key }) => {
  delete holder[key];
};

const copy: Change = ({ holder, key }, random, others) => {
  const other = random.pick(others);
  // Not the same one: it would be a graph, not a tree.
  holder[key] = structuredClone(other.holder[other.key]);
};

const add: Change = ({ holder, key }, random, others) => {
  const held = holder[key];
  const value = structuredClone(random.pick(VALUES));
  if (Array.isArray(held)) held.push(value);
  else if (typeof held === 'object' && held !== null) {
    const name = random.once(2) ? random.pick(NAMES) : random.pick(others).key;
    // As `JSON.parse` does it, whatever the name.
    const own = { value, enumerable: true, writable: true, configurable: true };
    Object.defineProperty(held, name, own);
  }
};

const nest: Change = ({ holder, key }, random) => {
  const depth = random.once(DEEP_ONCE_IN) ? random.pick(DEPTHS.deep) : DEPTHS.some;
  holder[key] = `\u0000wrapped ${depth}`;
};

const CHANGES: readonly Change[] = [replace, replace, remove, copy, add, nest];

/** Every value in the tree but what is too deep to be walked to. */
function nodesOf(root: Holder): Node[] {
  const nodes: Node[] = [];
  const open: Holder[] = [root];
  for (let holder = open.pop(); holder !== undefined; holder = open.pop()) {
    for (const [key, value] of Object.entries(holder)) {
      nodes.push({ holder, key });
      if (typeof value === 'object' && value !== null) open.push(value as Holder);
    }
  }
  return nodes;
}
