import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Member } from '../../modules/metallb/src/duty/duty.ts';
import { Electorate } from '../../modules/metallb/src/election/electorate.ts';
import type { NodeView, SegmentView } from '../../modules/metallb/src/election/view.ts';
import { ip } from '../support/addresses.ts';
import { dutyOf } from '../support/duty-arbitraries.ts';

/** MetalLB's order of the nodes for an IP: `printf 'NODE#IP' | sha256sum` of each, sorted. */
const GOLDEN: Readonly<Record<string, string>> = {
  '203.0.113.1':
    'node-5 worker-a.example.com node-0 node-2 node-1 node-3 worker-b.example.com node-7 edge ip-10-0-1-17.eu-west-1.compute.internal node-4 node-6',
  '203.0.113.2':
    'node-1 node-7 node-2 ip-10-0-1-17.eu-west-1.compute.internal node-0 node-6 worker-b.example.com node-4 node-3 node-5 worker-a.example.com edge',
  '198.51.100.255':
    'node-0 node-7 node-5 ip-10-0-1-17.eu-west-1.compute.internal worker-a.example.com worker-b.example.com node-2 edge node-4 node-1 node-3 node-6',
  '10.0.0.1':
    'node-3 node-5 node-2 node-4 edge node-0 worker-a.example.com node-6 node-1 worker-b.example.com node-7 ip-10-0-1-17.eu-west-1.compute.internal',
  '2001:db8::1':
    'worker-b.example.com worker-a.example.com node-5 node-1 edge node-6 node-0 node-2 ip-10-0-1-17.eu-west-1.compute.internal node-7 node-3 node-4',
  '2001:db8:0:1::ff':
    'node-2 node-5 node-3 node-6 worker-a.example.com node-0 worker-b.example.com node-4 node-7 node-1 edge ip-10-0-1-17.eu-west-1.compute.internal',
  'fd00::203:0:113:1':
    'node-4 worker-b.example.com node-3 node-0 node-7 worker-a.example.com node-1 ip-10-0-1-17.eu-west-1.compute.internal node-6 edge node-2 node-5',
  '2001:db8::':
    'node-0 edge node-5 node-7 node-4 worker-b.example.com ip-10-0-1-17.eu-west-1.compute.internal node-2 node-3 worker-a.example.com node-1 node-6',
};
const HERE: NodeView = {
  present: true,
  state: 'eligible',
  failedGates: { dataplane: false, reachability: false },
};

function viewWith(facts: Readonly<Record<string, Partial<NodeView>>> = {}): SegmentView {
  return {
    isInSubnetOf: () => true,
    electsStatically: () => false,
    node: (name) => ({ ...HERE, ...facts[name] }),
  };
}

function orderOf(
  address: string,
  nodes: readonly string[],
  {
    weights = {},
    preferredNode,
    view = viewWith(),
  }: {
    readonly weights?: Readonly<Record<string, number>>;
    readonly preferredNode?: string;
    readonly view?: SegmentView;
  } = {},
): string {
  const members = nodes.map((node): Member => {
    const weight = weights[node];
    return { node, excluded: false, ready: 'ready', ...(weight !== undefined && { weight }) };
  });
  const duty = dutyOf(address, { preferredNode });
  return [...new Electorate({ id: 'g', interfaces: [], members }, view).rank(duty)].join(' ');
}

for (const [address, golden] of Object.entries(GOLDEN)) {
  test(`nodes come in MetalLB's order for ${address}`, () => {
    assert.is(ip(address), address, 'as MetalLB writes it');
    assert.is(orderOf(address, golden.split(' ').sort()), golden);
  });
}

const NODES = ['edge', 'node-0', 'node-5', 'node-7', 'node-4'];
const rows: [string, Parameters<typeof orderOf>[2], string][] = [
  ['without weights', {}, 'node-0 edge node-5 node-7 node-4'],
  ['the heaviest', { weights: { 'node-4': 1 } }, 'node-4 node-0 edge node-5 node-7'],
  [
    'by weight, those of one weight by hash',
    { weights: { 'node-4': 7, 'node-7': 50, edge: 7 } },
    'node-7 edge node-4 node-0 node-5',
  ],
  [
    'a preferred node before the heaviest',
    { weights: { 'node-4': 100 }, preferredNode: 'node-5' },
    'node-5 node-4 node-0 edge node-7',
  ],
  [
    'whoever fails a gate last, however heavy',
    {
      weights: { 'node-4': 100 },
      view: viewWith({ 'node-4': { failedGates: { dataplane: true, reachability: false } } }),
    },
    'node-0 edge node-5 node-7 node-4',
  ],
];
for (const [name, options, order] of rows) {
  test(`first comes ${name}`, () => assert.is(orderOf('2001:db8::', NODES, options), order));
}

test.run();
