import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { classOf, node, type ServiceWish, service } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';

const NODES = ['n1', 'n2', 'n3'].map((name) => node(name));
const INGRESS = classOf('ingress', { isDefault: true });

/** A Service that MetalLB serves: IPs in the status, no condition, and the pool in an annotation. */
function served(name: string, ips: readonly string[], wish: ServiceWish = {}): KubernetesObject {
  const status = { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } };
  const object = service(name, { ...wish, status });
  const annotations = {
    ...object.metadata.annotations,
    'metallb.io/ip-allocated-from-pool': 'first-pool',
  };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

async function started(...objects: KubernetesObject[]): Promise<ControllerBench> {
  const bench = new ControllerBench([...NODES, ...objects]);
  await bench.settle();
  return bench;
}

test('without a class of ours, a Service of MetalLB is not touched', async () => {
  const bench = await started(served('web', ['192.0.2.15']));
  assert.equal(bench.store.writes, []);
});

test('a Service of MetalLB that gets a class keeps its IP', async () => {
  const bench = await started(INGRESS, served('web', ['192.0.2.15']));
  assert.equal(bench.ips('web'), ['192.0.2.15']);
});

test('with a count of 3, the IP that it has comes first and two are added', async () => {
  const bench = await started(INGRESS, served('web', ['192.0.2.15'], { count: 3 }));
  assert.equal(bench.ips('web'), ['192.0.2.15', '192.0.2.10', '192.0.2.11']);
});

test('both IPs of a dual-stack Service stay', async () => {
  const dual = classOf('ingress', {
    isDefault: true,
    addressPool: ['192.0.2.10-192.0.2.19', '2001:db8::/112'],
  });
  const spec = { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' };
  const bench = await started(dual, served('web', ['192.0.2.15', '2001:db8::7'], { spec }));
  assert.equal(bench.ips('web'), ['192.0.2.15', '2001:db8::7']);
});

test('nobody is given an IP that a Service of MetalLB has, whether the class is old or new', async () => {
  const services = [service('a', { count: 2 }), served('web', ['192.0.2.10']), service('z')];
  const early = await started(INGRESS, ...services);
  const late = await started(...services);
  late.store.put(INGRESS);
  await late.settle();
  for (const bench of [early, late]) {
    assert.equal(bench.ips('web'), ['192.0.2.10']);
    const others = [...bench.ips('a'), ...bench.ips('z')];
    assert.equal(others.sort(), ['192.0.2.11', '192.0.2.12', '192.0.2.13']);
  }
});

test('one that goes over by its annotation keeps its IP, the others wait with MetalLB', async () => {
  const chosen = { classAnnotation: 'ingress' };
  const bench = await started(
    classOf('ingress'),
    served('a', ['192.0.2.10']),
    served('b', ['192.0.2.11']),
  );
  bench.change(served('b', ['192.0.2.11'], chosen));
  await bench.settle();
  assert.equal([bench.ips('a'), bench.ips('b')], [['192.0.2.10'], ['192.0.2.11']]);
  assert.equal(
    bench.children().map((text) => text.split(' ')[0]),
    ['b-ingress-0'],
  );
});

test('Services that share an IP keep it with a sharing key of ours; without one, the first has it', async () => {
  const dns = (protocol: string, sharedIpKey?: string) => ({
    ...(sharedIpKey !== undefined && { sharedIpKey }),
    spec: { ports: [{ port: 53, protocol }] },
  });
  const both = (key?: string) => [
    served('tcp', ['192.0.2.15'], dns('TCP', key)),
    served('udp', ['192.0.2.15'], dns('UDP', key)),
  ];
  const keyed = await started(INGRESS, ...both('dns'));
  assert.equal([keyed.ips('tcp'), keyed.ips('udp')], [['192.0.2.15'], ['192.0.2.15']]);
  const unkeyed = await started(INGRESS, ...both());
  assert.equal([unkeyed.ips('tcp'), unkeyed.ips('udp')], [['192.0.2.15'], ['192.0.2.10']]);
});

test('spec.loadBalancerIP is given, as with MetalLB; our annotation is stronger', async () => {
  const spec = { loadBalancerIP: '192.0.2.17' };
  const bench = await started(
    INGRESS,
    service('field', { spec }),
    service('both', { spec, ips: '192.0.2.18' }),
  );
  assert.equal([bench.ips('field'), bench.ips('both')], [['192.0.2.17'], ['192.0.2.18']]);
});

test('a spec.loadBalancerIP that is no address is said in words, and any address is given', async () => {
  const bench = await started(INGRESS, service('web', { spec: { loadBalancerIP: '192.0.2.300' } }));
  assert.equal(bench.ips('web'), ['192.0.2.10']);
  assert.match(
    bench.conditions('web').join(),
    /spec\.loadBalancerIP is "192\.0\.2\.300": expected/,
  );
});

for (const name of ['load-balancer-allow-shared-ip', 'allow-shared-ip']) {
  test(`the older spelling ${name} of the sharing key counts`, async () => {
    const older = (object: KubernetesObject) => {
      const annotations = {
        ...object.metadata.annotations,
        [`network.deckhouse.io/${name}`]: 'dns',
      };
      return { ...object, metadata: { ...object.metadata, annotations } };
    };
    const dns = (protocol: string) => ({ spec: { ports: [{ port: 53, protocol }] } });
    const bench = await started(
      INGRESS,
      older(service('tcp', dns('TCP'))),
      older(service('udp', dns('UDP'))),
    );
    assert.equal([bench.ips('tcp'), bench.ips('udp')], [['192.0.2.10'], ['192.0.2.10']]);
  });
}

test.run();
