import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hook as labelNodes } from '../../modules/metallb/hooks/label-nodes.ts';
import { LABEL } from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { bgpPeer, configuration, router } from '../support/bgp-objects.ts';
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
import { FakeShellOperator } from '../support/fake-shell-operator.ts';
import { ipAddressPool, l2Advertisement, plainService } from '../support/metallb-objects.ts';

const EDGE = { role: 'edge' };
const MEMBER = { [LABEL.member]: '' };
const EDGE_CLASS = classOf('edge', { nodeSelector: EDGE });
const ORPHAN = child('nginx-gone-0', { service: 'nginx', className: 'gone', node: 'n1' });

function advertisementOn(
  matchLabels: Readonly<Record<string, string>> | undefined,
  status: string,
  reason: string,
) {
  const spec = matchLabels === undefined ? {} : { nodeSelectors: [{ matchLabels }] };
  const conditions = [{ type: 'Accepted', status, reason }];
  return { ...l2Advertisement('one', { spec }), status: { conditions } };
}

function judged(object: KubernetesObject, status: string, reason: string): KubernetesObject {
  return { ...object, status: { conditions: [{ type: 'Accepted', status, reason }] } };
}

const ON_EDGE = { nodeSelectors: [{ matchLabels: EDGE }] };

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
  [
    'the nodes of an advertisement in force have it',
    {
      advertisements: [advertisementOn(EDGE, 'True', 'Accepted')],
      nodes: [node('n1', MEMBER), node('n2', EDGE)],
    },
    { n1: false, n2: true },
  ],
  [
    'an advertisement without selectors is for all nodes',
    {
      advertisements: [advertisementOn(undefined, 'True', 'UnknownPool')],
      nodes: [node('n1'), node('n2')],
    },
    { n1: true, n2: true },
  ],
  [
    'an advertisement of no pool needs no node',
    {
      advertisements: [advertisementOn(undefined, 'True', 'NoPool')],
      nodes: [node('n1', MEMBER), node('n2')],
    },
    { n1: false, n2: false },
  ],
  [
    'nor does one that does not count',
    {
      advertisements: [advertisementOn(undefined, 'False', 'NotWatched')],
      nodes: [node('n1', MEMBER), node('n2')],
    },
    { n1: false, n2: false },
  ],
  [
    'no node loses it while the last good version of an advertisement is in force',
    {
      advertisements: [advertisementOn(EDGE, 'False', 'Invalid')],
      nodes: [node('n1', MEMBER), node('n2', EDGE)],
    },
    { n1: true, n2: false },
  ],
  [
    'the nodes that a router has sessions with have it',
    {
      'bgp-peers': [judged(bgpPeer('tor', ON_EDGE), 'True', 'Accepted')],
      nodes: [node('n1', MEMBER), node('n2', EDGE)],
    },
    { n1: false, n2: true },
  ],
  [
    'a router that an edition without BGP refuses needs no node',
    {
      'bgp-peers': [judged(bgpPeer('tor'), 'False', 'EditionRequired')],
      nodes: [node('n1', MEMBER), node('n2')],
    },
    { n1: false, n2: false },
  ],
  [
    'nor does it hold any where it can’t be read',
    {
      'bgp-peers': [judged(bgpPeer('tor', { nodeSelectors: ['x'] }), 'False', 'EditionRequired')],
      nodes: [node('n1', MEMBER)],
    },
    { n1: false },
  ],
  [
    'the nodes of a configuration have it',
    {
      'metal-load-balancer-configurations': [
        judged(configuration('edge', ['spine'], [], EDGE), 'True', 'Accepted'),
      ],
      nodes: [node('n1', MEMBER), node('n2', EDGE)],
    },
    { n1: false, n2: true },
  ],
  [
    'no node loses it while an advertisement can’t be read',
    {
      advertisements: [l2Advertisement('typo', { spec: { nodeSelectors: ['edge'] } })],
      nodes: [node('n1', MEMBER), node('n2')],
    },
    { n1: true, n2: false },
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

/** Who labels nodes is one of the two. */
const RUNNERS = ['controller', 'shell-operator'] as const;

function membership(bench: ControllerBench, runner: (typeof RUNNERS)[number]) {
  const operator = new FakeShellOperator(bench.store, () => bench.clock.epochMs());
  return {
    settle: () =>
      bench.settle(() => (runner === 'controller' ? Promise.resolve() : operator.step())),
    members: () =>
      bench.store
        .list('Node')
        .filter(({ metadata }) => metadata.labels?.[LABEL.member] !== undefined)
        .map(({ metadata }) => metadata.name),
  };
}

for (const runner of RUNNERS) {
  test(`${runner}: nodes are members as long as an advertisement has a pool, or a Service an IP of one that is gone`, async () => {
    const bench = new ControllerBench(
      [
        ...[node('n1', EDGE), node('n2'), plainService('web')],
        l2Advertisement('edge', {
          spec: { ipAddressPools: ['public'], nodeSelectors: [{ matchLabels: EDGE }] },
        }),
      ],
      runner,
    );
    const { settle, members } = membership(bench, runner);
    await settle();
    assert.equal(members(), [], 'there is no pool');
    bench.store.put(ipAddressPool('public', ['192.0.2.10']));
    await settle();
    assert.equal(members(), ['n1']);
    bench.store.remove({ kind: 'IPAddressPool', namespace: 'metallb-system', name: 'public' });
    await settle();
    assert.equal(members(), ['n1'], 'web keeps its IP');
    bench.store.remove({ kind: 'Service', namespace: 'default', name: 'web' });
    await settle();
    assert.equal(members(), []);
  });
}

for (const runner of RUNNERS) {
  for (const edition of ['CE', 'EE']) {
    test(`${runner}: in edition ${edition} routers ${edition === 'EE' ? 'make' : 'do not make'} their nodes members`, async () => {
      const bench = new ControllerBench(
        [node('n1', EDGE), node('n2', { role: 'core' }), node('n3'), bgpPeer('tor', ON_EDGE)],
        runner,
        { edition },
      );
      bench.store.put(router('spine'));
      bench.store.put(configuration('core', ['spine'], [], { role: 'core' }));
      const { settle, members } = membership(bench, runner);
      await settle();
      assert.equal(members(), edition === 'EE' ? ['n1', 'n2'] : []);
      bench.store.remove({ kind: 'BGPPeer', namespace: 'metallb-system', name: 'tor' });
      await settle();
      assert.equal(members(), edition === 'EE' ? ['n2'] : []);
    });
  }
}

test.run();
