import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { node } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';
import {
  ipAddressPool,
  l2Advertisement,
  namespaceObject,
  plainService,
} from '../support/metallb-objects.ts';

const NAMESPACE = 'metallb-system';
const BASE = [node('n1', { zone: 'a' }), namespaceObject('default', { team: 'web' })];
const selectors = (labels: Readonly<Record<string, string>>) =>
  Array(2).fill({ matchLabels: labels }) as readonly object[];

async function benchWith(...objects: KubernetesObject[]): Promise<ControllerBench> {
  const bench = new ControllerBench([...BASE, ...objects]);
  await bench.settle();
  return bench;
}

/** `type=status` of each condition. */
function said({ store }: ControllerBench, kind: 'IPAddressPool' | 'L2Advertisement', name: string) {
  const object = store.get({ kind, namespace: NAMESPACE, name });
  return listAt(object?.status, 'conditions').map(
    (condition) => `${valueAt(condition, 'type')}=${valueAt(condition, 'status')}`,
  );
}

test('an address without a mask is one address of the pool', async () => {
  const bench = await benchWith(
    ipAddressPool('bare', ['192.0.2.7', '2001:db8::7']),
    l2Advertisement('all'),
    plainService('web'),
    plainService('late'),
  );
  const { status } =
    bench.store.get({ kind: 'IPAddressPool', namespace: NAMESPACE, name: 'bare' }) ?? {};
  assert.equal(said(bench, 'IPAddressPool', 'bare'), ['Accepted=True', 'Advertised=True']);
  assert.equal(
    ['assignedIPv4', 'availableIPv4', 'assignedIPv6', 'availableIPv6'].map((name) =>
      valueAt(status, name),
    ),
    [1, 0, 0, 1],
  );
  assert.equal([...bench.ips('web'), ...bench.ips('late')], ['192.0.2.7']);
});

const POOLS: readonly (readonly [what: string, serviceAllocation: object])[] = [
  ['a namespace', { namespaces: ['default', 'default'] }],
  ['a selector of namespaces', { namespaceSelectors: selectors({ team: 'web' }) }],
  ['a selector of Services', { serviceSelectors: selectors({ app: 'web' }) }],
];
for (const [what, serviceAllocation] of POOLS) {
  test(`a pool that names ${what} twice is in force, for whom it names`, async () => {
    const bench = await benchWith(
      ipAddressPool('public', ['192.0.2.0/30'], { spec: { serviceAllocation } }),
      l2Advertisement('all'),
      plainService('web', { labels: { app: 'web' } }),
    );
    assert.equal(said(bench, 'IPAddressPool', 'public'), ['Accepted=True', 'Advertised=True']);
    assert.equal(bench.ips('web'), ['192.0.2.0']);
  });
}

const ADVERTISEMENTS: readonly (readonly [
  what: string,
  spec: Readonly<Record<string, unknown>>,
])[] = [
  ['a pool', { ipAddressPools: ['public', 'public'] }],
  ['a selector of pools', { ipAddressPoolSelectors: selectors({ zone: 'a' }) }],
  ['a selector of nodes', { nodeSelectors: selectors({ zone: 'a' }) }],
  ['a selector of Services', { serviceSelectors: selectors({ app: 'web' }) }],
  ['an interface', { interfaces: ['eth0', 'eth0'] }],
];
for (const [what, spec] of ADVERTISEMENTS) {
  test(`an L2Advertisement that names ${what} twice is in force`, async () => {
    const bench = await benchWith(
      ipAddressPool('public', ['192.0.2.0/30'], { labels: { zone: 'a' } }),
      l2Advertisement('all', { spec }),
      plainService('web', { labels: { app: 'web' } }),
    );
    assert.equal(said(bench, 'L2Advertisement', 'all'), ['Accepted=True']);
    assert.equal(said(bench, 'IPAddressPool', 'public'), ['Accepted=True', 'Advertised=True']);
    assert.is(bench.conditions('web').length, 1, 'nothing is amiss');
  });
}

test('an L2Advertisement that names one pool and selects another one announces both', async () => {
  const bench = await benchWith(
    ipAddressPool('named', ['192.0.2.0/30']),
    ipAddressPool('selected', ['192.0.2.4/30'], { labels: { zone: 'a' } }),
    ipAddressPool('neither', ['192.0.2.8/30'], { labels: { zone: 'b' } }),
    l2Advertisement('all', {
      spec: {
        ipAddressPools: ['named'],
        ipAddressPoolSelectors: [{ matchLabels: { zone: 'a' } }],
      },
    }),
  );
  assert.equal(
    ['named', 'selected', 'neither'].map((name) => said(bench, 'IPAddressPool', name)[1]),
    ['Advertised=True', 'Advertised=True', 'Advertised=False'],
  );
});

test.run();
