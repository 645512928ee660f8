import type { Random } from './random.ts';

type Node = { readonly holder: Holder; readonly key: string };
type Holder = Record<string, unknown>;

const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -1, 0.5, 1e21, 2 ** 53, '', 'a', '0', ' ', '\u0000', '\ud800'],
  ...[[], {}, [null], [[]], { '': null }],
];
const NAMES = ['__proto__', 'constructor', 'toString', 'length', ''];
/** `JSON.parse` reads deeper than most code that walks over what it has read. */
const DEPTHS = [10, 500, 7_000];

const DEEP = '['.repeat(400);

/** One change of the tree: another value, one less, one more, two that change places, one wrapped in thousands. */
export function mutateJson(input: Uint8Array, random: Random): Uint8Array {
  const text = Buffer.from(input).toString();
  // What is so deep already takes long to write, and is enough.
  if (text.includes(DEEP)) return input;
  const root: Holder = { tree: treeOf(text) };
  const nodes = nodesOf(root);
  if (nodes.length > 0) random.pick(CHANGES)(random.pick(nodes), random, nodes);
  const written = writtenTree(root['tree']);
  return written === undefined ? input : Buffer.from(written);
}

function treeOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
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
    // A copy that holds itself, or what is too deep already.
    return undefined;
  }
}

type Change = (node: Node, random: Random, nodes: readonly Node[]) => void;

const replace: Change = ({ holder, key }, random) => {
  holder[key] = random.pick(VALUES);
};

const remove: Change = ({ holder, key }) => {
  delete holder[key];
};

const copy: Change = ({ holder, key }, random, nodes) => {
  const other = random.pick(nodes);
  holder[key] = other.holder[other.key];
};

const add: Change = ({ holder, key }, random, nodes) => {
  const held = holder[key];
  const value = random.pick(VALUES);
  if (Array.isArray(held)) held.push(value);
  else if (typeof held === 'object' && held !== null) {
    const name = random.once(2) ? random.pick(NAMES) : random.pick(nodes).key;
    // As `JSON.parse` does it, whatever the name.
    const own = { value, enumerable: true, writable: true, configurable: true };
    Object.defineProperty(held, name, own);
  }
};

const nest: Change = ({ holder, key }, random) => {
  holder[key] = `\u0000wrapped ${random.pick(DEPTHS)}`;
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
