import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ANNOTATION, LABEL } from '../../modules/metallb/src/api/names.ts';
import { child, classOf, node, service } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';

const NODES = ['n1', 'n2', 'n3'].map((name) => node(name));
const CLASS = classOf('ingress', { isDefault: true });

async function benchWith(...services: ReturnType<typeof service>[]): Promise<ControllerBench> {
  const bench = new ControllerBench([CLASS, ...NODES, ...services]);
  await bench.settle();
  return bench;
}

/** Nodes of a bench's children. */
function nodesOf(bench: ControllerBench): string[] {
  return bench.children().map((text) => text.split(' ').at(-1) ?? '');
}

test('a Service that asks for three IPs gets them on three nodes', async () => {
  const bench = await benchWith(service('nginx', { count: 3 }));
  assert.equal(bench.children(), [
    'nginx-ingress-0 192.0.2.10 n3',
    'nginx-ingress-1 192.0.2.11 n2',
    'nginx-ingress-2 192.0.2.12 n1',
  ]);
  assert.equal(bench.ips('nginx'), ['192.0.2.10', '192.0.2.11', '192.0.2.12']);
  assert.equal(bench.conditions('nginx'), [
    'network.deckhouse.io/load-balancer-class=True: ingress',
    'AllPublicIPsAssigned=True: 3 of 3 public IPs were assigned',
  ]);
});

test('creating it takes two writes for each IP and one for the Service', async () => {
  const bench = await benchWith();
  bench.store.writes.length = 0;
  bench.store.put(service('nginx', { count: 3 }));
  await bench.settle();
  const toOthers = bench.store.writes.filter(
    (write) => write.do === 'create' || write.ref.kind !== 'MetalLoadBalancerClass',
  );
  assert.is(toOthers.length, 7);
});

test('a raised count adds children and moves nothing, a lowered one takes the highest', async () => {
  const bench = await benchWith(service('nginx', { count: 2 }));
  const two = bench.children();
  bench.change(service('nginx', { count: 4 }));
  await bench.settle();
  assert.equal(bench.children().slice(0, 2), two);
  assert.is(bench.ips('nginx').length, 4);
  bench.change(service('nginx', { count: 1 }));
  await bench.settle();
  assert.equal(bench.children(), two.slice(0, 1));
  assert.equal(bench.ips('nginx'), ['192.0.2.10']);
});

test('with auto, a node that comes brings an IP; one that goes leaves its IP to another node', async () => {
  const bench = await benchWith(service('nginx', { count: 'auto' }));
  assert.is(bench.ips('nginx').length, 3);
  bench.store.put(node('n4'));
  await bench.settle();
  assert.equal(nodesOf(bench).sort(), ['n1', 'n2', 'n3', 'n4']);
  const ips = bench.ips('nginx');
  bench.store.remove({ kind: 'Node', name: 'n4' });
  await bench.settle();
  assert.equal(bench.ips('nginx'), ips);
  assert.not(nodesOf(bench).includes('n4'));
});

test('a draining node gives its children away and gets its share back afterwards', async () => {
  const bench = await benchWith(service('nginx', { count: 3 }));
  bench.change(node('n1', {}, { [ANNOTATION.drain]: '' }));
  await bench.settle();
  assert.not(nodesOf(bench).includes('n1'));
  bench.change(node('n1'));
  await bench.settle();
  assert.equal(nodesOf(bench).sort(), ['n1', 'n2', 'n3']);
});

test('a class that announces by BGP has no preferred nodes, and its IPs stay when its type changes', async () => {
  const bench = await benchWith(service('nginx', { count: 3 }));
  const before = [bench.children(), bench.ips('nginx')];
  bench.change(classOf('ingress', { isDefault: true, type: 'BGP' }));
  await bench.settle();
  assert.equal(nodesOf(bench), ['undefined', 'undefined', 'undefined']);
  assert.equal(bench.ips('nginx'), before[1]);
  bench.change(service('nginx', { count: 4 }));
  await bench.settle();
  assert.is(bench.ips('nginx').length, 4);
  bench.change(service('nginx', { count: 3 }));
  bench.change(CLASS);
  await bench.settle();
  assert.equal([bench.children(), bench.ips('nginx')], before);
});

test('a deleted class changes nothing but a condition, and its return changes that back', async () => {
  const bench = await benchWith(service('nginx', { count: 3 }));
  const before = [bench.children(), bench.ips('nginx'), bench.conditions('nginx')];
  bench.store.remove({ kind: 'MetalLoadBalancerClass', name: 'ingress' });
  await bench.settle();
  assert.equal([bench.children(), bench.ips('nginx')], before.slice(0, 2));
  assert.match(
    bench.conditions('nginx').join(),
    /load-balancer-class=False: .*"ingress" does not exist/,
  );
  await bench.restart();
  bench.store.put(CLASS);
  await bench.settle();
  assert.equal([bench.children(), bench.ips('nginx'), bench.conditions('nginx')], before);
});

test('a deleted Service takes its children with it; its IPs cool down', async () => {
  const bench = await benchWith(service('old', { count: 2 }));
  bench.store.remove({ kind: 'Service', namespace: 'default', name: 'old' });
  await bench.settle();
  assert.equal(bench.children(), []);
  bench.store.put(service('soon'));
  await bench.settle();
  assert.equal(bench.ips('soon'), ['192.0.2.12']);
  bench.clock.advance(60_000);
  bench.store.put(service('later'));
  await bench.settle();
  assert.equal(bench.ips('later'), ['192.0.2.10']);
});

test('a Service that is no LoadBalancer any more loses children, IPs and conditions of them', async () => {
  const bench = await benchWith(service('nginx', { count: 2 }));
  bench.change(service('nginx', { spec: { type: 'ClusterIP' } }));
  await bench.settle();
  assert.equal([bench.children(), bench.ips('nginx')], [[], []]);
  assert.equal(bench.conditions('nginx'), [
    'network.deckhouse.io/load-balancer-class=True: ingress',
  ]);
});

test("another implementation's Service is never written", async () => {
  const bench = await benchWith();
  bench.store.writes.length = 0;
  const status = { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } };
  bench.store.put(service('other', { spec: { loadBalancerClass: 'example.com/other' }, status }));
  await bench.settle();
  assert.equal(bench.store.writes, []);
});

test('an edited preferred node or port list of a child is put right', async () => {
  const bench = await benchWith(service('nginx'));
  const [object] = bench.store.list('SDNInternalL2LBService');
  if (object === undefined) throw new Error('no child');
  bench.store.put({
    ...object,
    metadata: { ...object.metadata, annotations: { 'metallb.io/address-pool': 'ingress' } },
  });
  await bench.settle();
  assert.equal(bench.children(), ['nginx-ingress-0 192.0.2.10 n3']);
});

test('balancer nodes are labelled, and lose the label with the last class', async () => {
  const bench = await benchWith();
  const isMember = () =>
    bench.store.get({ kind: 'Node', name: 'n1' })?.metadata.labels?.[LABEL.member] === '';
  assert.ok(isMember());
  bench.store.remove({ kind: 'MetalLoadBalancerClass', name: 'ingress' });
  await bench.settle();
  assert.not(isMember());
});

test("children that Deckhouse's module left are taken over with their IPs and nodes", async () => {
  const bench = new ControllerBench([
    CLASS,
    ...NODES,
    service('nginx', { count: 2 }),
    child('nginx-ingress-0', {
      service: 'nginx',
      className: 'ingress',
      node: 'n1',
      ips: ['192.0.2.17'],
    }),
    child('nginx-ingress-1', {
      service: 'nginx',
      className: 'ingress',
      node: 'n2',
      ips: ['192.0.2.15'],
    }),
  ]);
  await bench.settle();
  assert.equal(bench.children(), [
    'nginx-ingress-0 192.0.2.17 n1',
    'nginx-ingress-1 192.0.2.15 n2',
  ]);
  assert.equal(bench.ips('nginx'), ['192.0.2.17', '192.0.2.15']);
});

test('a Service without children keeps the IPs of its status, whoever else comes first', async () => {
  const status = { loadBalancer: { ingress: [{ ip: '192.0.2.11' }, { ip: '192.0.2.10' }] } };
  const bench = await benchWith(
    service('a-new-one', { count: 2 }),
    service('old', { count: 3, status }),
  );
  assert.equal(bench.ips('old').slice(0, 2), ['192.0.2.11', '192.0.2.10']);
  assert.is(new Set([...bench.ips('old'), ...bench.ips('a-new-one')]).size, 5);
});

test('such IPs are kept until the class of their Service comes, and no longer than the Service', async () => {
  const old = (name: string, ip: string) =>
    service(name, { status: { loadBalancer: { ingress: [{ ip }] } } });
  const bench = new ControllerBench([
    ...NODES,
    service('first', { count: 2 }),
    old('old', '192.0.2.10'),
    old('gone', '192.0.2.11'),
  ]);
  await bench.settle();
  bench.store.remove({ kind: 'Service', namespace: 'default', name: 'gone' });
  await bench.settle();
  bench.clock.advance(120_000);
  bench.store.put(CLASS);
  await bench.settle();
  assert.equal(bench.ips('old'), ['192.0.2.10']);
  assert.equal(bench.ips('first'), ['192.0.2.11', '192.0.2.12']);
});

test('a class that comes invalid and is mended is told to its Services as it is', async () => {
  const bench = new ControllerBench([...NODES, service('nginx', { classAnnotation: 'ingress' })]);
  const said = async () => {
    await bench.settle();
    return bench.conditions('nginx')[0]?.split(': the Service')[0];
  };
  const condition = 'network.deckhouse.io/load-balancer-class';
  assert.is(await said(), `${condition}=False: MetalLoadBalancerClass "ingress" does not exist`);
  bench.store.put(classOf('ingress', { addressPool: ['192.0.2.10-'] }));
  assert.match((await said()) ?? '', /"ingress" is not valid, its condition/);
  bench.store.put(CLASS);
  assert.is(await said(), `${condition}=True: ingress`);
  assert.equal(bench.ips('nginx'), ['192.0.2.10']);
});

test('a controller that takes over writes nothing at all', async () => {
  const bench = await benchWith(
    service('nginx', { count: 3 }),
    service('dns', { count: 2, ips: '192.0.2.19' }),
    service('gone', { classAnnotation: 'typo' }),
    service('greedy', { count: 9 }),
  );
  bench.store.remove({ kind: 'Service', namespace: 'default', name: 'dns' });
  await bench.settle();
  await bench.restart();
  assert.equal(bench.store.writes, []);
});

test('a lost store changes nothing; what was missed is done when it returns', async () => {
  const bench = await benchWith(service('nginx', { count: 2 }));
  const before = bench.children();
  bench.store.lose();
  bench.change(service('nginx', { count: 3 }));
  await bench.settle();
  assert.equal(bench.children(), before);
  bench.store.recover();
  await bench.settle();
  assert.is(bench.ips('nginx').length, 3);
});

test.run();
