import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hook as labelNodes } from '../../modules/metallb/hooks/label-nodes.ts';
import { LABEL } from '../../modules/metallb/src/api/names.ts';
import {
  type Cluster,
  child,
  classOf,
  contextsOf,
  node,
  patched,
  service,
} from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';

const EDGE = { role: 'edge' };
const MEMBER = { [LABEL.member]: '' };
const EDGE_CLASS = classOf('edge', { nodeSelector: EDGE });
const ORPHAN = child('nginx-gone-0', { service: 'nginx', className: 'gone', node: 'n1' });

const cases: [string, Cluster, Readonly<Record<string, boolean>>][] = [
  [
    'the nodes of a class have it, all others lose it',
    { classes: [EDGE_CLASS], nodes: [node('n1', MEMBER), node('n2', EDGE)] },
    { n1: false, n2: true },
  ],
  [
    'no node loses it while a child is of a class that is gone',
    { nodes: [node('n1', MEMBER), node('n2')], children: [ORPHAN] },
    { n1: true, n2: false },
  ],
  [
    'others get it meanwhile',
    { classes: [EDGE_CLASS], nodes: [node('n1', MEMBER), node('n2', EDGE)], children: [ORPHAN] },
    { n1: true, n2: true },
  ],
  [
    'children of a class that is there hold nobody',
    {
      classes: [EDGE_CLASS],
      nodes: [node('n1', MEMBER), node('n2', { ...EDGE, ...MEMBER })],
      children: [child('nginx-edge-0', { service: 'nginx', className: 'edge', node: 'n1' })],
    },
    { n1: false, n2: true },
  ],
];
for (const [name, cluster, expected] of cases) {
  test(`the member label: ${name}`, () => {
    const operations = labelNodes.handle(contextsOf(cluster), 0);
    const labelled = (cluster.nodes ?? []).map((item) => {
      const { metadata } = patched(item, operations);
      return [metadata.name, metadata.labels?.[LABEL.member] !== undefined];
    });
    assert.equal(Object.fromEntries(labelled), expected);
  });
}

test('in the controller, a group outlives its class as long as a Service has IPs of it', async () => {
  const bench = new ControllerBench([
    classOf('edge', { nodeSelector: EDGE, isDefault: true }),
    node('n1', EDGE),
    service('nginx'),
  ]);
  const isMember = () =>
    bench.store.get({ kind: 'Node', name: 'n1' })?.metadata.labels?.[LABEL.member] !== undefined;
  await bench.settle();
  await bench.store.write({ do: 'delete', ref: { kind: 'MetalLoadBalancerClass', name: 'edge' } });
  await bench.settle();
  assert.ok(isMember());
  const nginx = { kind: 'Service', namespace: 'default', name: 'nginx' } as const;
  await bench.store.write({ do: 'delete', ref: nginx });
  await bench.settle();
  assert.not.ok(isMember());
});

test.run();
