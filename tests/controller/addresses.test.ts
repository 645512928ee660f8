import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { CHILD_KIND } from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { classOf, node, service } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';

const small = (addressPool: readonly string[]) =>
  classOf('ingress', { isDefault: true, addressPool });
const NODES = ['n1', 'n2'].map((name) => node(name));

async function benchWith(...objects: KubernetesObject[]): Promise<ControllerBench> {
  const bench = new ControllerBench([...NODES, ...objects]);
  await bench.settle();
  return bench;
}

test('requested IPs are given, also to a child behind one that would have taken them', async () => {
  const bench = await benchWith(
    small(['192.0.2.10-192.0.2.12']),
    service('nginx', { count: 2, ips: ' , 192.0.2.10' }),
  );
  assert.equal(bench.ips('nginx'), ['192.0.2.11', '192.0.2.10']);
});

test('a changed request moves the IP; one that is in use leaves it and says so', async () => {
  const bench = await benchWith(small(['192.0.2.10-192.0.2.12']), service('a'), service('b'));
  bench.change(service('a', { ips: '192.0.2.12' }));
  await bench.settle();
  assert.equal(bench.ips('a'), ['192.0.2.12']);
  bench.change(service('b', { ips: '192.0.2.12' }));
  await bench.settle();
  assert.equal(bench.ips('b'), ['192.0.2.11']);
  assert.match(
    bench.conditions('b').join('\n'),
    /ips-assignable=False: b-ingress-0: requested address 192.0.2.12 is used by default\/a-ingress-0/,
  );
});

for (const [name, before, after, ips] of [
  ['in another order', '192.0.2.10,192.0.2.11', '192.0.2.11,192.0.2.10', '10 11'],
  ['less one that goes', '192.0.2.12,192.0.2.11', '192.0.2.11', '12 11'],
  ['that a sibling got by chance', '', '192.0.2.11', '10 11'],
  ['shifted by one', '192.0.2.10,192.0.2.11', '192.0.2.11,192.0.2.12', '12 11'],
] as const) {
  test(`a Service’s own IPs are no obstacle to a new list of requested ones: ${name}`, async () => {
    const bench = await benchWith(
      small(['192.0.2.10-192.0.2.12']),
      service('a', { count: 2, ips: before }),
    );
    bench.change(service('a', { count: 2, ips: after }));
    await bench.settle();
    assert.equal(
      bench.ips('a'),
      ips.split(' ').map((last) => `192.0.2.${last}`),
    );
    assert.equal(bench.conditions('a').slice(1), [
      'AllPublicIPsAssigned=True: 2 of 2 public IPs were assigned',
    ]);
  });
}

test('a requested IP outside the pool is refused in words', async () => {
  const bench = await benchWith(small(['192.0.2.10']), service('nginx', { ips: '198.51.100.1' }));
  assert.equal(bench.ips('nginx'), []);
  assert.match(bench.conditions('nginx').join('\n'), /198.51.100.1 is not in pool ingress/);
});

test('an exhausted pool is said in words; its extension helps those who wait', async () => {
  const bench = await benchWith(small(['192.0.2.10-192.0.2.11']), service('nginx', { count: 3 }));
  assert.equal(bench.conditions('nginx').slice(1), [
    'AllPublicIPsAssigned=False: 2 of 3 public IPs were assigned',
    'network.deckhouse.io/ips-assignable=False: nginx-ingress-2: no free IPv4 address (ingress: 2 of 2 used)',
  ]);
  assert.is(bench.servicesWaiting('ingress'), 1);
  bench.change(small(['192.0.2.10-192.0.2.11', '198.51.100.0/24']));
  await bench.settle();
  assert.equal(bench.ips('nginx'), ['192.0.2.10', '192.0.2.11', '198.51.100.0']);
  assert.is(bench.servicesWaiting('ingress'), 0);
  assert.equal(bench.conditions('nginx').slice(1), [
    'AllPublicIPsAssigned=True: 3 of 3 public IPs were assigned',
  ]);
});

test('a released IP goes to the Service that waits for one', async () => {
  const bench = await benchWith(small(['192.0.2.10']), service('a'));
  bench.store.put(service('b'));
  await bench.settle();
  assert.equal(bench.ips('b'), []);
  bench.store.remove({ kind: 'Service', namespace: 'default', name: 'a' });
  await bench.settle();
  assert.equal(bench.ips('b'), ['192.0.2.10']);
});

test('an IP that its pool no longer covers stays, and a condition says so', async () => {
  const bench = await benchWith(small(['192.0.2.10']), service('nginx'));
  bench.change(small(['198.51.100.0/24']));
  await bench.settle();
  assert.equal(bench.ips('nginx'), ['192.0.2.10']);
  const expected =
    'network.deckhouse.io/ips-in-pool=False: nginx-ingress-0: 192.0.2.10 is not in the addressPool of MetalLoadBalancerClass ingress any more; it stays assigned';
  assert.ok(bench.conditions('nginx').includes(expected));
  await bench.restart();
  assert.equal(bench.store.writes, []);
});

test('where the class reassigns, an IP that its pool no longer covers is replaced', async () => {
  const pool = (...addressPool: string[]) =>
    classOf('ingress', { isDefault: true, addressPool, whenOutOfPool: 'Reassign' });
  const bench = await benchWith(pool('192.0.2.10-192.0.2.11'), service('a'), service('b'));
  const announcer = { node: 'n1', since: '2026-01-01T00:00:00Z', reason: 'Assigned' };
  for (const child of bench.store.list(CHILD_KIND)) {
    bench.store.put({ ...child, status: { ...Object(child.status), announcer } });
  }
  bench.change(pool('192.0.2.11-192.0.2.12'));
  await bench.settle();
  assert.equal([bench.ips('a'), bench.ips('b')], [['192.0.2.12'], ['192.0.2.11']]);
  assert.match(
    bench.events.join('\n'),
    'Service/a Normal IPAllocated: 192.0.2.12 assigned in place of 192.0.2.10',
  );
  const announced = bench.store
    .list(CHILD_KIND)
    .filter(({ status }) => valueAt(status, 'announcer') !== undefined);
  assert.equal(
    announced.map(({ metadata }) => metadata.name),
    ['b-ingress-0'],
    'nobody has announced the new one',
  );
  bench.store.remove({ kind: 'MetalLoadBalancerClass', name: 'ingress' });
  await bench.settle();
  await bench.restart();
  assert.equal(
    [bench.ips('a'), bench.ips('b')],
    [['192.0.2.12'], ['192.0.2.11']],
    'a class that is gone reassigns nothing',
  );
  bench.store.put(pool('192.0.2.11'));
  await bench.settle();
  assert.equal([bench.ips('a'), bench.ips('b')], [[], ['192.0.2.11']]);
  assert.match(bench.conditions('a').join(), 'no free IPv4 address (ingress: 1 of 1 used)');
});

test('Services with one sharing key and different ports share an IP', async () => {
  const dns = (protocol: string) => ({
    sharedIpKey: 'dns',
    spec: { ports: [{ port: 53, protocol }] },
  });
  const bench = await benchWith(
    small(['192.0.2.10-192.0.2.11']),
    service('tcp', dns('TCP')),
    service('udp', dns('UDP')),
    service('other', dns('UDP')),
  );
  const shared = ['tcp', 'udp', 'other'].map((name) => bench.ips(name)[0]).sort();
  assert.equal(shared, ['192.0.2.10', '192.0.2.10', '192.0.2.11']);
});

test('sharers without a common interface are told so, both of them, until they have one', async () => {
  const on = (name: string, pool: string, ...interfaces: string[]) =>
    classOf(name, { addressPool: [pool], l2: { interfaces } });
  const dns = (className: string, protocol: string) => ({
    ...{ classAnnotation: className, sharedIpKey: 'dns', ips: '192.0.2.10' },
    spec: { ports: [{ port: 53, protocol }] },
  });
  const told = (name: string) =>
    bench
      .conditions(name)
      .filter((text) => text.startsWith('network.deckhouse.io/ips-announceable'));
  // An address that has passed to another class keeps its user: this is how two classes come to share one.
  const bench = await benchWith(
    on('inner', '192.0.2.10', 'eth1'),
    service('tcp', dns('inner', 'TCP')),
  );
  bench.change(on('inner', '192.0.2.11', 'eth1'));
  await bench.settle();
  bench.store.put(on('outer', '192.0.2.10', 'eth2', 'eth3'));
  bench.store.put(service('udp', dns('outer', 'UDP')));
  await bench.settle();
  assert.equal([bench.ips('tcp'), bench.ips('udp')], [['192.0.2.10'], ['192.0.2.10']]);
  for (const name of ['tcp', 'udp']) {
    assert.match(
      told(name).join(),
      /=False: .*nobody answers for 192.0.2.10.*inner on eth1; .*eth2, eth3/,
    );
  }
  await bench.restart();
  assert.equal(bench.store.writes, [], 'said once');
  bench.change(on('outer', '192.0.2.10', 'eth1'));
  await bench.settle();
  assert.equal([told('tcp'), told('udp')], [[], []]);
  bench.change(on('outer', '192.0.2.10', 'eth2'));
  await bench.settle();
  assert.is(told('tcp').length, 1);
  bench.store.remove({ kind: 'Service', namespace: 'default', name: 'udp' });
  await bench.settle();
  assert.equal(told('tcp'), [], 'nobody shares it any more');
});

test('a dual-stack Service gets its count of each family, pairwise on one node', async () => {
  const spec = { ipFamilies: ['IPv6', 'IPv4'], ipFamilyPolicy: 'RequireDualStack' };
  const bench = await benchWith(
    small(['192.0.2.0/24', '2001:db8::/64']),
    service('nginx', { count: 2, spec }),
  );
  const [first, second] = ['n1', 'n2'];
  const nodes = bench.children().map((text) => text.split(' ')[2]);
  assert.equal(nodes, [nodes[0], nodes[0], nodes[2], nodes[2]]);
  assert.equal(new Set(nodes), new Set([first, second]));
  assert.equal(bench.ips('nginx'), ['2001:db8::', '192.0.2.0', '2001:db8::1', '192.0.2.1']);
  assert.ok(
    bench
      .conditions('nginx')
      .includes('AllPublicIPsAssigned=True: 4 of 4 public IPs were assigned'),
  );
});

test('PreferDualStack makes no children of a family that the pool lacks', async () => {
  const spec = { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' };
  const bench = await benchWith(small(['192.0.2.0/24']), service('nginx', { spec }));
  assert.equal(bench.ips('nginx'), ['192.0.2.0']);
  assert.is(bench.children().length, 1);
});

test('overlapping pools: the older is in force, the newer says why it is not', async () => {
  const late = classOf('late', { addressPool: ['192.0.2.10'] }, '2026-06-01T00:00:00Z');
  const lost = service('lost', { classAnnotation: 'late' });
  const bench = await benchWith(late, small(['192.0.2.10-192.0.2.11']), lost);
  assert.equal(bench.classConditions('ingress'), ['Accepted=True: in force']);
  assert.match(
    bench.classConditions('late').join(),
    'Accepted=False: MetalLoadBalancerClass/late: spec.addressPool[0] is "192.0.2.10": expected no overlap with 192.0.2.10-192.0.2.11 of pool ingress',
  );
  assert.match(
    bench.conditions('lost').join(),
    /lost-late-0: the addressPool of MetalLoadBalancerClass late is not in force: see the condition Accepted of that class$/,
  );
});

test('a class status has its nodes and its use', async () => {
  const bench = await benchWith(small(['192.0.2.10-192.0.2.13']), service('nginx', { count: 3 }));
  const { status } = bench.store.get({ kind: 'MetalLoadBalancerClass', name: 'ingress' }) ?? {};
  assert.equal(JSON.parse(JSON.stringify({ ...(status ?? {}), conditions: undefined })), {
    nodes: ['n1', 'n2'],
    nodeCount: 2,
    addresses: { total: '4', used: '3', summary: '3/4' },
  });
});

test('a bad version of a class is refused with all problems, the good one stays in force', async () => {
  const bench = await benchWith(small(['192.0.2.10']), service('a'));
  bench.change(small(['192.0.2.300', '192.0.2.9-192.0.2.1']));
  bench.store.put(service('b', { ips: '192.0.2.10', sharedIpKey: 'k' }));
  await bench.settle();
  const [accepted = ''] = bench.classConditions('ingress');
  assert.match(accepted, 'spec.addressPool[0] is "192.0.2.300"');
  assert.match(accepted, 'spec.addressPool[1] is "192.0.2.9-192.0.2.1"');
  assert.match(accepted, 'the last good version stays in force');
  assert.equal(bench.ips('a'), ['192.0.2.10']);
  assert.is(bench.isAccepted('ingress'), false);
  bench.change(small(['192.0.2.10']));
  await bench.settle();
  assert.is(bench.isAccepted('ingress'), true);
});

test('an exclude label that every node has is ignored, and the class says so until it counts', async () => {
  const excluded = (name: string) =>
    node(name, { 'node.kubernetes.io/exclude-from-external-load-balancers': '' });
  const said = () =>
    bench.classConditions('ingress').filter((text) => text.startsWith('ExcludeLabelIgnored'));
  const bench = await benchWith(small(['192.0.2.10']), service('nginx'));
  assert.equal(said(), []);
  bench.change(excluded('n1'));
  await bench.settle();
  assert.equal(said(), [], 'it counts: n2 serves');
  bench.change(excluded('n2'));
  await bench.settle();
  assert.match(
    said().join(),
    /^ExcludeLabelIgnored=True: every node that could serve \(n1, n2\) has/,
  );
  const spec = { l2: { ignoreExcludeLabel: true } };
  bench.change(classOf('ingress', { isDefault: true, addressPool: ['192.0.2.10'], ...spec }));
  await bench.settle();
  assert.equal(said(), [], 'nothing is told of what was asked for');
});

test('where every node has the exclude label, a class with BGP says that nobody announces routes', async () => {
  const excluded = (name: string) =>
    node(name, { 'node.kubernetes.io/exclude-from-external-load-balancers': '' });
  const rows = [
    [{ type: 'BGP' }, /^ExcludeLabelIgnored=False: .* so nobody announces/],
    [{ type: 'L2AndBGP' }, /^ExcludeLabelIgnored=True: .* by BGP nobody announces/],
    [{ type: 'BGP', l2: { ignoreExcludeLabel: true } }, /^ExcludeLabelIgnored=False: /],
  ] as const;
  for (const [spec, said] of rows) {
    const owner = classOf('ingress', { isDefault: true, addressPool: ['192.0.2.10'], ...spec });
    const bench = new ControllerBench([owner, excluded('n1')], 'controller', { edition: 'EE' });
    await bench.settle();
    const told = bench.classConditions('ingress').filter((text) => text.startsWith('Exclude'));
    assert.match(told.join(), said);
    assert.ok(bench.events.some((event) => event.includes(' EveryNodeExcluded: ')));
  }
});

test('of two default classes the oldest is it, the other says so', async () => {
  const bench = await benchWith(
    classOf('late', { isDefault: true, addressPool: ['198.51.100.0/24'] }, '2026-06-01T00:00:00Z'),
    small(['192.0.2.10']),
    service('nginx'),
  );
  assert.equal(bench.ips('nginx'), ['192.0.2.10']);
  assert.match(
    bench.classConditions('late').join(),
    /Default=False: MetalLoadBalancerClass "ingress" is older/,
  );
});

test.run();
