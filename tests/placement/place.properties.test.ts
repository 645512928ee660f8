import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PlacementNode } from '../../modules/metallb/src/placement/balancer-nodes.ts';
import {
  compareChildren,
  type PlacementChild,
} from '../../modules/metallb/src/placement/distribution.ts';
import { place } from '../../modules/metallb/src/placement/place.ts';
import { rankNodes } from '../../modules/metallb/src/placement/rank.ts';

const CLASS = 'edge';
const NAMES = ['a', 'b', 'c', 'd', 'e'];

interface Cluster {
  readonly nodes: readonly PlacementNode[];
  readonly children: readonly PlacementChild[];
}

const nodesArbitrary = (maximum: number) =>
  fc
    .uniqueArray(fc.constantFrom(...NAMES.slice(0, maximum)), { minLength: 1 })
    .chain((names) =>
      fc.tuple(
        ...names.map((name) => fc.record({ name: fc.constant(name), eligible: fc.boolean() })),
      ),
    );

const childrenArbitrary = (maxLength: number) =>
  fc
    .array(
      fc.record({
        service: fc.constantFrom('x', 'y', 'z'),
        node: fc.option(fc.constantFrom(...NAMES), { nil: undefined }),
      }),
      { maxLength },
    )
    .map((wishes) => wishes.map((wish, order) => ({ ...wish, order, key: `${order}` })));

const clusterArbitrary = fc.record({ nodes: nodesArbitrary(5), children: childrenArbitrary(12) });

/** What a cluster looks like after placement has acted on it. */
function settled({ nodes, children }: Cluster): readonly PlacementChild[] {
  const placed = place({ className: CLASS, nodes, children });
  return children.map((child) => ({ ...child, node: placed.get(child.key) }));
}

const allEligible = (names: readonly string[]) => names.map((name) => ({ name, eligible: true }));

function movedKeys(before: readonly PlacementChild[], after: readonly PlacementChild[]): string[] {
  return before.filter(({ node }, index) => after[index]?.node !== node).map(({ key }) => key);
}

function loadsOf(nodes: readonly string[], placed: readonly (string | undefined)[]): number[] {
  return nodes.map((name) => placed.filter((node) => node === name).length);
}

const spreadOf = (loads: readonly number[]) => Math.max(...loads) - Math.min(...loads);

/** By trying every way to seat the children: the fewest moves with max − min ≤ 1. */
function fewestMoves(nodes: readonly string[], children: readonly PlacementChild[]): number {
  let fewest = Number.POSITIVE_INFINITY;
  for (let code = 0; code < nodes.length ** children.length; code += 1) {
    const seats = children.map((_, index) => {
      return nodes[Math.floor(code / nodes.length ** index) % nodes.length];
    });
    if (spreadOf(loadsOf(nodes, seats)) > 1) continue;
    fewest = Math.min(fewest, children.filter(({ node }, index) => node !== seats[index]).length);
  }
  return fewest;
}

/** The rule for new children, read out word by word. */
function placeOneByOne(nodes: readonly string[], children: readonly PlacementChild[]) {
  const ranked = rankNodes(CLASS, nodes);
  const seated: PlacementChild[] = children.filter(({ node }) => ranked.includes(node ?? ''));
  const waiting = children.filter((child) => !seated.includes(child)).sort(compareChildren);
  for (const child of waiting) {
    const costs = ranked.map((node, rank) => {
      const here = seated.filter((other) => other.node === node);
      const siblings = here.filter((other) => other.service === child.service);
      return { node, cost: [siblings.length, here.length, rank] };
    });
    costs.sort((a, b) => compareNumbers(a.cost, b.cost));
    seated.push({ ...child, node: costs[0]?.node });
  }
  return new Map(seated.map(({ key, node }) => [key, node]));
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((value, at) => value !== b[at]);
  return index === -1 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}

test('the order of nodes and children does not matter', () => {
  const permuted = clusterArbitrary.chain((cluster) =>
    fc.record({
      cluster: fc.constant(cluster),
      nodes: fc.shuffledSubarray(cluster.nodes, { minLength: cluster.nodes.length }),
      children: fc.shuffledSubarray(cluster.children, { minLength: cluster.children.length }),
    }),
  );
  return fc.assert(
    fc.property(permuted, ({ cluster, nodes, children }) => {
      const sorted = (map: ReadonlyMap<string, string>) => [...map].sort();
      assert.equal(
        sorted(place({ className: CLASS, nodes, children })),
        sorted(place({ className: CLASS, ...cluster })),
      );
    }),
  );
});

test('what is placed stays placed', () =>
  fc.assert(
    fc.property(clusterArbitrary, ({ nodes, children }) => {
      const once = settled({ nodes, children });
      assert.equal(settled({ nodes, children: once }), once);
    }),
  ));

test('every child sits on an eligible node while there is one', () =>
  fc.assert(
    fc.property(clusterArbitrary, ({ nodes, children }) => {
      const eligible = nodes.filter((node) => node.eligible).map((node) => node.name);
      fc.pre(eligible.length > 0);
      assert.ok(settled({ nodes, children }).every(({ node }) => eligible.includes(node ?? '')));
    }),
  ));

test('when a node leaves, only its children move', () =>
  fc.assert(
    fc.property(childrenArbitrary(12), fc.integer({ min: 2, max: 5 }), (children, size) => {
      const names = NAMES.slice(0, size);
      const before = settled({ nodes: allEligible(names), children });
      const [leaver, ...others] = names;
      const after = settled({ nodes: allEligible(others), children: before });
      const onLeaver = before.filter(({ node }) => node === leaver).map(({ key }) => key);
      assert.equal(movedKeys(before, after), onLeaver);
    }),
    { numRuns: 500 },
  ));

test('when nodes join, max − min ≤ 1 with the fewest moves there are', () => {
  const joined = fc.record({
    children: childrenArbitrary(6),
    before: fc.integer({ min: 1, max: 3 }),
    joining: fc.integer({ min: 1, max: 2 }),
  });
  return fc.assert(
    fc.property(joined, ({ children, before, joining }) => {
      const seats = NAMES.slice(0, before);
      const onOldNodes = children.map((child, index) => ({
        ...child,
        node: seats.includes(child.node ?? '') ? child.node : seats[index % before],
      }));
      const names = NAMES.slice(0, Math.min(before + joining, 4));
      const after = settled({ nodes: allEligible(names), children: onOldNodes });
      const moves = movedKeys(onOldNodes, after).length;
      const loads = loadsOf(
        names,
        after.map(({ node }) => node),
      );
      assert.ok(spreadOf(loads) <= 1, `loads ${loads}`);
      assert.is(moves, fewestMoves(names, onOldNodes));
    }),
    { numRuns: 150 },
  );
});

test('new children go where the rule, read out word by word, sends them', () =>
  fc.assert(
    fc.property(childrenArbitrary(12), fc.integer({ min: 1, max: 5 }), (children, size) => {
      const names = NAMES.slice(0, size);
      // Every node has a child, so nobody joined.
      const anchors = names.map((node, order) => {
        return { key: `anchor ${node}`, service: `anchor ${node}`, order, node };
      });
      const all = [...anchors, ...children];
      assert.equal(
        [...place({ className: CLASS, nodes: allEligible(names), children: all })].sort(),
        [...placeOneByOne(names, all)].sort(),
      );
    }),
    { numRuns: 300 },
  ));

test.run();
