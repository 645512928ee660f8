import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CHILD_KIND } from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { ControllerBench } from '../support/controller-bench.ts';
import { deckhouseClass, memberNode, renderedChild, servedService } from './deckhouse-objects.ts';

const NODES = ['lb-1', 'lb-2', 'lb-3'].map(memberNode);

async function takenOver(...objects: KubernetesObject[]): Promise<ControllerBench> {
  const bench = new ControllerBench([...NODES, deckhouseClass('ingress'), ...objects]);
  await bench.settle();
  return bench;
}

/** As Deckhouse deals them: lb-2, lb-1, lb-3 is the order of the class `ingress`. */
const NGINX = [
  servedService('nginx', { ips: ['192.0.2.12', '192.0.2.10', '192.0.2.31'] }),
  renderedChild('nginx-ingress-0', { service: 'nginx', node: 'lb-2', ip: '192.0.2.12' }),
  renderedChild('nginx-ingress-1', { service: 'nginx', node: 'lb-1', ip: '192.0.2.10' }),
  renderedChild('nginx-ingress-2', { service: 'nginx', node: 'lb-3', ip: '192.0.2.31' }),
];

test('children that Helm rendered stay the same objects, with their IPs and nodes', async () => {
  const bench = await takenOver(...NGINX);
  assert.equal(bench.children(), [
    'nginx-ingress-0 192.0.2.12 lb-2',
    'nginx-ingress-1 192.0.2.10 lb-1',
    'nginx-ingress-2 192.0.2.31 lb-3',
  ]);
  assert.equal(bench.ips('nginx'), ['192.0.2.12', '192.0.2.10', '192.0.2.31']);
  const writes = bench.store.writes.filter((write) => write.do !== 'patch');
  assert.equal(writes, [], 'nothing is created or deleted');
});

test('a child that was adopted goes with its Service, as one of ours does', async () => {
  const bench = await takenOver(...NGINX);
  const { uid } =
    bench.store.get({ kind: 'Service', namespace: 'default', name: 'nginx' })?.metadata ?? {};
  for (const { metadata } of bench.store.list(CHILD_KIND)) {
    assert.is(metadata.ownerReferences?.[0]?.uid, uid);
  }
  bench.store.remove({ kind: 'Service', namespace: 'default', name: 'nginx' });
  await bench.settle();
  assert.equal(bench.children(), []);
});

test('the status keeps what Deckhouse wrote, word for word', async () => {
  const bench = await takenOver(...NGINX);
  assert.equal(bench.conditions('nginx'), [
    'network.deckhouse.io/load-balancer-class=True: ingress',
    'AllPublicIPsAssigned=True: 3 of 3 public IPs were assigned',
  ]);
  const written = bench.store.writes.flatMap((write) =>
    write.do === 'patch' && write.ref.kind === 'Service' ? [write] : [],
  );
  assert.equal(written, []);
});

test('Services with one IP each, which Deckhouse has all on one node, stay there', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const bench = await takenOver(
    ...names.flatMap((name, index) => {
      const ip = `192.0.2.${20 + index}`;
      const child = renderedChild(`${name}-ingress-0`, { service: name, node: 'lb-2', ip });
      return [servedService(name, { ips: [ip] }), child];
    }),
  );
  const expected = names.map((name, index) => `${name}-ingress-0 192.0.2.${20 + index} lb-2`);
  assert.equal(bench.children(), expected);
  await bench.restart();
  assert.equal(bench.children(), expected, 'nor do they move when the controller starts again');
});

test('a node that joins after the migration takes its part', async () => {
  const bench = await takenOver(...NGINX);
  const { metadata } = memberNode('lb-4');
  const labels = { 'node-role.kubernetes.io/loadbalancer': '' };
  const ip = '192.0.2.33';
  bench.store.put(servedService('web', { ips: [ip] }));
  bench.store.put({ apiVersion: 'v1', kind: 'Node', metadata: { ...metadata, labels } });
  await bench.settle();
  assert.ok(bench.children().some((text) => text.endsWith('lb-4')));
});

test('a requested IP and a sharing key stay in force', async () => {
  const annotations = {
    'network.deckhouse.io/load-balancer-ips': '192.0.2.15',
    'network.deckhouse.io/load-balancer-shared-ip-key': 'dns',
  };
  const served = (name: string, protocol: string) => {
    const service = servedService(name, { ips: ['192.0.2.15'], annotations });
    const spec = { ...(service.spec as object), ports: [{ port: 53, protocol }] };
    const child = renderedChild(`${name}-ingress-0`, {
      service: name,
      node: 'lb-2',
      ip: '192.0.2.15',
      desiredIp: '192.0.2.15',
      sharedIpKey: 'dns',
    });
    return [
      { ...service, spec },
      { ...child, spec: { ...(child.spec as object), ports: [{ port: 53, protocol }] } },
    ];
  };
  const bench = await takenOver(...served('tcp', 'TCP'), ...served('udp', 'UDP'));
  assert.equal(bench.children(), [
    'tcp-ingress-0 192.0.2.15 lb-2',
    'udp-ingress-0 192.0.2.15 lb-2',
  ]);
});

test('a sharing key of MetalLB, which Deckhouse does not read, moves nothing', async () => {
  const annotations = { 'metallb.io/allow-shared-ip': 'web' };
  const ips = { first: '192.0.2.20', second: '192.0.2.15' };
  const bench = await takenOver(
    ...Object.entries(ips).flatMap(([name, ip]) => [
      servedService(name, { ips: [ip], annotations }),
      renderedChild(`${name}-ingress-0`, { service: name, node: 'lb-2', ip }),
    ]),
  );
  assert.equal([bench.ips('first'), bench.ips('second')], [['192.0.2.20'], ['192.0.2.15']]);
});

test('children that are gone before the controller starts come back with the IPs of the status', async () => {
  const bench = await takenOver(
    servedService('nginx', { ips: ['192.0.2.12', '192.0.2.10', '192.0.2.31'] }),
    servedService('web', { ips: ['192.0.2.11'] }),
  );
  assert.equal(bench.ips('nginx'), ['192.0.2.12', '192.0.2.10', '192.0.2.31']);
  assert.equal(bench.ips('web'), ['192.0.2.11']);
});

test.run();
