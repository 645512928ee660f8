import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import type { Kind } from '../../modules/metallb/src/store/store.ts';
import { classOf, node } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';
import {
  ipAddressPool,
  l2Advertisement,
  metalLoadBalancerPool,
  plainService,
  serviceL2Status,
} from '../support/metallb-objects.ts';

const NAMESPACE = 'metallb-system';

async function benchWith(...objects: KubernetesObject[]): Promise<ControllerBench> {
  const bench = new ControllerBench([node('n1'), ...objects]);
  await bench.settle();
  return bench;
}

/** `type=status/reason: message` of each condition. */
function said(bench: ControllerBench, kind: Kind, name: string, namespace?: string): string[] {
  const object = bench.store.get({ kind, namespace, name });
  return listAt(object?.status, 'conditions').map((condition) => {
    const of = (field: string) => valueAt(condition, field);
    return `${of('type')}=${of('status')}/${of('reason')}: ${of('message')}`;
  });
}

const saidOfPool = (bench: ControllerBench, name: string, namespace = NAMESPACE) =>
  said(bench, 'IPAddressPool', name, namespace);

test('a pool counts what Services have of it and what is left, by family', async () => {
  const bench = await benchWith(
    ipAddressPool('public', ['192.0.2.10-192.0.2.12', '2001:db8::/48']),
    l2Advertisement('all'),
    plainService('web'),
  );
  const counters = () => {
    const { status } =
      bench.store.get({ kind: 'IPAddressPool', namespace: NAMESPACE, name: 'public' }) ?? {};
    return ['assignedIPv4', 'availableIPv4', 'assignedIPv6', 'availableIPv6'].map((name) =>
      valueAt(status, name),
    );
  };
  assert.equal(counters(), [1, 2, 0, Number.MAX_SAFE_INTEGER]);
  assert.equal(saidOfPool(bench, 'public'), [
    'Accepted=True/Accepted: in force',
    'Advertised=True/Advertised: by L2Advertisement all',
  ]);
  bench.store.remove({ kind: 'Service', namespace: 'default', name: 'web' });
  await bench.settle();
  assert.equal(counters(), [0, 3, 0, Number.MAX_SAFE_INTEGER]);
});

test('a pool without advertisement gives IPs and says that nobody answers for them; so does the Service', async () => {
  const bench = await benchWith(ipAddressPool('public', ['192.0.2.10']), plainService('web'));
  assert.equal(bench.ips('web'), ['192.0.2.10']);
  assert.equal(saidOfPool(bench, 'public').slice(1), [
    'Advertised=False/NoAdvertisement: its addresses are given to Services, and nobody answers for them: no L2Advertisement names or selects the pool',
  ]);
  const why =
    'network.deckhouse.io/ips-announceable=False: nobody answers for an IP of pool public: no L2Advertisement names or selects it';
  assert.equal(bench.conditions('web').slice(1), [why]);
  bench.store.put(l2Advertisement('all'));
  await bench.settle();
  assert.is(bench.conditions('web').length, 1);
});

for (const [why, spec, expected] of [
  [
    'its selectors leave the Service out',
    { serviceSelectors: [{ matchLabels: { app: 'db' } }] },
    'nobody answers for an IP of pool public: spec.serviceSelectors of L2Advertisement one do not select this Service',
  ],
  [
    'no node is selected',
    { nodeSelectors: [{ matchLabels: { role: 'edge' } }] },
    'spec.nodeSelectors of L2Advertisement one select no node',
  ],
] as const) {
  test(`a Service says that nobody answers where ${why}`, async () => {
    const bench = await benchWith(
      ipAddressPool('public', ['192.0.2.10']),
      l2Advertisement('one', { spec }),
      plainService('web'),
    );
    const condition = `network.deckhouse.io/ips-announceable=False: ${expected}`;
    assert.equal(bench.conditions('web').slice(1), [condition]);
  });
}

test('a pool that can’t be read says all that is wrong; its last good version stays in force', async () => {
  const bench = await benchWith(ipAddressPool('public', ['192.0.2.10-192.0.2.11']));
  bench.change(ipAddressPool('public', ['192.0.2.11-192.0.2.10', 'x']));
  bench.store.put(plainService('web'));
  await bench.settle();
  assert.equal(bench.ips('web'), ['192.0.2.10']);
  const [accepted = ''] = saidOfPool(bench, 'public');
  assert.match(accepted, /^Accepted=False\/Invalid: .*spec.addresses\[0\].*spec.addresses\[1\]/);
  assert.match(accepted, '; the last good version stays in force');
});

test('pools that overlap: the one in force stays, whichever kind it is of', async () => {
  const bench = await benchWith(
    classOf('ingress', { addressPool: ['192.0.2.0/28'] }),
    metalLoadBalancerPool('b', ['198.51.100.0/24']),
  );
  bench.store.put(ipAddressPool('a', ['192.0.2.8/30']));
  bench.store.put(ipAddressPool('c', ['203.0.113.1', '198.51.100.7']));
  await bench.settle();
  assert.equal(
    saidOfPool(bench, 'a')[0],
    'Accepted=False/PoolsOverlap: IPAddressPool/metallb-system/a: spec.addresses[0] is "192.0.2.8-192.0.2.11": expected no overlap with 192.0.2.0-192.0.2.15 of pool ingress, which is in force',
  );
  assert.match(
    saidOfPool(bench, 'c')[0] ?? '',
    'spec.addresses[1] is "198.51.100.7": expected no overlap with 198.51.100.0-198.51.100.255 of pool MetalLoadBalancerPool/b',
  );
  assert.equal(said(bench, 'MetalLoadBalancerPool', 'b')[0], 'Accepted=True/Accepted: in force');
});

test('objects of other namespaces are told that they do not count, and get no counters', async () => {
  const bench = await benchWith(
    ipAddressPool('public', ['192.0.2.10'], { namespace: 'elsewhere' }),
    l2Advertisement('all', { namespace: 'elsewhere' }),
    plainService('web'),
  );
  const why =
    'NotWatched: namespace elsewhere is not watched: put it into one of metallb-system, or add the namespace to the value metallbNamespaces';
  assert.equal(saidOfPool(bench, 'public', 'elsewhere'), [`Accepted=False/${why}`]);
  assert.equal(said(bench, 'L2Advertisement', 'all', 'elsewhere'), [`Accepted=False/${why}`]);
  const pool = bench.store.get({ kind: 'IPAddressPool', namespace: 'elsewhere', name: 'public' });
  assert.is(valueAt(pool?.status, 'availableIPv4'), undefined);
  assert.equal(bench.conditions('web'), [], 'it is nobody’s');
});

for (const [name, spec, expected] of [
  ['of all pools', {}, 'True/Accepted: in force'],
  [
    'of a pool that does not exist beside one that does',
    { ipAddressPools: ['public', 'nowhere'] },
    'True/UnknownPool: in force, but there is no pool nowhere',
  ],
  [
    'of pools that do not exist',
    { ipAddressPools: ['nowhere', 'either'] },
    'True/NoPool: in force, but there is no pool nowhere, either',
  ],
  [
    'of labels that no pool has',
    { ipAddressPoolSelectors: [{ matchLabels: { zone: 'b' } }] },
    'True/NoPool: in force, but there is no pool that it selects',
  ],
  [
    'of a label that a pool has',
    { ipAddressPoolSelectors: [{ matchLabels: { zone: 'a' } }] },
    'True/Accepted: in force',
  ],
] as const) {
  test(`an L2Advertisement ${name} says so`, async () => {
    const bench = await benchWith(
      ipAddressPool('public', ['192.0.2.10'], { labels: { zone: 'a' } }),
      l2Advertisement('one', { spec }),
    );
    assert.equal(said(bench, 'L2Advertisement', 'one', NAMESPACE), [`Accepted=${expected}`]);
  });
}

test('the controller’s ConfigurationState is Invalid while anything is wrong, and says what', async () => {
  const bench = await benchWith(ipAddressPool('public', ['x']));
  const own = { kind: 'ConfigurationState', namespace: NAMESPACE, name: 'controller' } as const;
  const stateOf = () => {
    const { status } = bench.store.get(own) ?? {};
    return [valueAt(status, 'result'), String(valueAt(status, 'errorSummary'))];
  };
  const [result, summary] = stateOf();
  assert.is(result, 'Invalid');
  assert.match(
    String(summary),
    /^IPAddressPool\/metallb-system\/public: spec.addresses\[0\] is "x"/,
  );
  bench.change(ipAddressPool('public', ['192.0.2.10']));
  await bench.settle();
  assert.equal(stateOf(), ['Valid', '']);
  await bench.restart();
  assert.equal(bench.store.writes, [], 'and not again and again');
});

test('a cluster that has nothing of MetalLB’s API gets no ConfigurationState', async () => {
  const bench = await benchWith(classOf('ingress'));
  assert.equal(bench.store.list('ConfigurationState'), []);
});

test('what a speaker told of an IP is deleted once the Service is gone or has another', async () => {
  const bench = await benchWith(
    ipAddressPool('public', ['192.0.2.10-192.0.2.12']),
    plainService('web', { ingress: ['192.0.2.10'] }),
    plainService('db', { ingress: ['192.0.2.11'] }),
    ...[serviceL2Status('l2-a', 'web', '192.0.2.10'), serviceL2Status('l2-b', 'db', '192.0.2.11')],
    ...[serviceL2Status('l2-c', 'gone', '192.0.2.12')],
  );
  const left = () => bench.store.list('ServiceL2Status').map(({ metadata }) => metadata.name);
  assert.equal(left(), ['l2-a', 'l2-b'], 'one that another controller left');
  bench.change(
    plainService('web', { annotations: { 'metallb.io/loadBalancerIPs': '192.0.2.12' } }),
  );
  await bench.settle();
  assert.equal(left(), ['l2-b']);
  const ofOneBefore = serviceL2Status('l2-d', 'db', '192.0.2.11');
  bench.store.put({
    ...ofOneBefore,
    status: { ...(ofOneBefore.status as object), serviceUid: '?' },
  });
  await bench.settle();
  assert.equal(left(), ['l2-b'], 'one of a Service of that name that was there before');
  bench.store.remove({ kind: 'Service', namespace: 'default', name: 'db' });
  await bench.settle();
  assert.equal(left(), []);
});

test('metrics have MetalLB’s names', async () => {
  const bench = await benchWith(
    ipAddressPool('public', ['192.0.2.10-192.0.2.11', '2001:db8::1']),
    plainService('web'),
  );
  const lines = (await bench.metrics())
    .split('\n')
    .filter((line) => line.includes('{pool="public"}'))
    .map((line) => line.replace(/^metallb_allocator_/, '').replace('{pool="public"}', ''));
  assert.equal(lines.sort(), [
    'addresses_in_use_total 1',
    'addresses_total 3',
    'ipv4_addresses_in_use_total 1',
    'ipv4_addresses_total 2',
    'ipv6_addresses_in_use_total 0',
    'ipv6_addresses_total 1',
    'services_allocated_total 1',
  ]);
});

test('a deprecated annotation counts, and is told once, also when it comes later', async () => {
  const pool = { 'metallb.universe.tf/address-pool': 'public' };
  const share = { ...pool, 'metallb.universe.tf/allow-shared-ip': 'key' };
  const bench = await benchWith(
    ipAddressPool('public', ['192.0.2.10']),
    l2Advertisement('all'),
    plainService('web', { annotations: pool }),
  );
  const told = () => bench.events.filter((event) => event.includes(' deprecatedAnnotation: '));
  const sentence =
    'Service/web Warning deprecatedAnnotation: write metallb.io/ in the place of metallb.universe.tf/ in metallb.universe.tf/address-pool';
  assert.equal(told(), [sentence]);
  bench.change(ipAddressPool('public', ['192.0.2.11']));
  await bench.settle();
  assert.equal(told(), [sentence], 'another write of the status tells it no more');
  bench.change(plainService('web', { annotations: share }));
  await bench.settle();
  assert.equal(told(), [sentence, `${sentence}, metallb.universe.tf/allow-shared-ip`]);
});

test('a status that somebody empties is filled with the same IP', async () => {
  const bench = await benchWith(
    ipAddressPool('public', ['192.0.2.10-192.0.2.12']),
    plainService('web', { ingress: ['192.0.2.11'] }),
  );
  bench.store.put({ ...plainService('web'), status: { loadBalancer: {} } });
  await bench.settle();
  assert.equal(bench.ips('web'), ['192.0.2.11']);
});

test.run();
