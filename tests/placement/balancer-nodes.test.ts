import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Node } from '../../modules/metallb/src/api/node.ts';
import {
  balancerNodes,
  nodesDespiteExcludeLabel,
} from '../../modules/metallb/src/placement/balancer-nodes.ts';

const EDGE = { role: 'edge' };

interface Wish {
  readonly labels?: Readonly<Record<string, string>>;
  readonly draining?: boolean;
  readonly excluded?: boolean;
}

function node(
  name: string,
  { labels = EDGE, draining = false, excluded = false }: Wish = {},
): Node {
  const metadata = { name, uid: name, resourceVersion: '1', creationTimestamp: '' };
  return {
    metadata,
    labels,
    draining,
    excluded,
    ready: undefined,
    networkUnavailable: false,
    conditions: [],
    internalIps: [],
  };
}

const rows: readonly {
  readonly name: string;
  readonly selector?: Readonly<Record<string, string>>;
  readonly ignoreExcludeLabel?: boolean;
  readonly nodes: readonly Node[];
  readonly eligible: readonly string[];
  readonly others?: readonly string[];
  /** Eligible in spite of a label that counts otherwise. */
  readonly despiteLabel?: readonly string[];
}[] = [
  {
    name: 'nodes that lack the label are not of the group',
    nodes: [node('a'), node('b', { labels: { role: 'worker' } }), node('c', { labels: {} })],
    eligible: ['a'],
  },
  {
    name: 'every pair of the selector must match',
    selector: { role: 'edge', zone: '1' },
    nodes: [node('a', { labels: { role: 'edge', zone: '1', more: 'x' } }), node('b')],
    eligible: ['a'],
  },
  {
    name: 'an empty selector takes every node',
    selector: {},
    nodes: [node('a'), node('b', { labels: {} })],
    eligible: ['a', 'b'],
  },
  {
    name: 'a draining node stays in the group and is not eligible',
    nodes: [node('a'), node('b', { draining: true })],
    eligible: ['a'],
    others: ['b'],
  },
  {
    name: 'an excluded node is not eligible while another node is',
    nodes: [node('a'), node('b', { excluded: true })],
    eligible: ['a'],
    others: ['b'],
  },
  {
    name: 'the exclude label does not count where everybody has it',
    nodes: [node('a', { excluded: true }), node('b', { excluded: true })],
    eligible: ['a', 'b'],
    despiteLabel: ['a', 'b'],
  },
  {
    name: 'the exclude label does not count where the only other node drains',
    nodes: [node('a', { excluded: true }), node('b', { draining: true })],
    eligible: ['a'],
    others: ['b'],
    despiteLabel: ['a'],
  },
  {
    name: 'an unlabelled node outside the group does not make the label count',
    nodes: [node('a', { excluded: true }), node('b', { labels: {} })],
    eligible: ['a'],
    despiteLabel: ['a'],
  },
  {
    name: 'the exclude label does not count where the class ignores it',
    ignoreExcludeLabel: true,
    nodes: [node('a'), node('b', { excluded: true })],
    eligible: ['a', 'b'],
  },
  {
    name: 'nobody is eligible when all drain',
    nodes: [node('a', { draining: true }), node('b', { draining: true, excluded: true })],
    eligible: [],
    others: ['a', 'b'],
  },
];

for (const row of rows) {
  test(row.name, () => {
    const l2 = {
      interfaces: [],
      failback: { mode: 'auto' },
      ignoreExcludeLabel: row.ignoreExcludeLabel ?? false,
    } as const;
    const spec = { nodeSelector: row.selector ?? EDGE, l2 };
    const group = balancerNodes(spec, row.nodes);
    const names = (eligible: boolean) =>
      group.filter((member) => member.eligible === eligible).map((member) => member.name);
    assert.equal(names(true), row.eligible);
    assert.equal(names(false), row.others ?? []);
    assert.equal(nodesDespiteExcludeLabel(spec, row.nodes), row.despiteLabel ?? []);
  });
}

test.run();
