import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LABEL } from '../../modules/metallb/src/api/names.ts';
import { classOf, node, service } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';
import { ipAddressPool, l2Advertisement, plainService } from '../support/metallb-objects.ts';

const POOL = ipAddressPool('public', ['192.0.2.10-192.0.2.11']);

test('a Service without a class gets an IP of an IPAddressPool, in one write', async () => {
  const bench = new ControllerBench([POOL, l2Advertisement('all'), node('n1'), service('web')]);
  await bench.settle();
  assert.equal(bench.ips('web'), ['192.0.2.10']);
  assert.equal(bench.conditions('web'), [
    "metallb.io/ip-address-pool=True: MetalLB's API serves this Service: 192.0.2.10 from pool public",
  ]);
  assert.is(bench.annotations('web')['metallb.io/ip-allocated-from-pool'], 'public');
  assert.is(bench.store.writes.filter((write) => JSON.stringify(write).includes('web')).length, 1);
  await bench.restart();
  assert.equal(bench.store.writes, []);
});

test('nodes get their label also where MetalLB’s own definition of L2Advertisement drops conditions', async () => {
  const bench = new ControllerBench([POOL, l2Advertisement('all'), node('n1')]);
  const { store } = bench;
  const write = store.write.bind(store);
  store.write = async (operation) =>
    operation.do === 'patch' && operation.ref.kind === 'L2Advertisement'
      ? store.get(operation.ref)
      : write(operation);
  await bench.settle();
  assert.is(store.get({ kind: 'Node', name: 'n1' })?.metadata.labels?.[LABEL.member], '');
});

test('a default class has it instead', async () => {
  const isDefault = classOf('ingress', { isDefault: true, addressPool: ['198.51.100.1'] });
  const bench = new ControllerBench([POOL, isDefault, node('n1'), service('web')]);
  await bench.settle();
  assert.equal(bench.ips('web'), ['198.51.100.1']);
  assert.not.match(bench.conditions('web').join(), 'metallb.io');
});

test('an IP that two Services have is the older one’s', async () => {
  const made = (name: string, creationTimestamp: string) => {
    const object = plainService(name, { ingress: ['192.0.2.10'] });
    return { ...object, metadata: { ...object.metadata, creationTimestamp } };
  };
  const bench = new ControllerBench([]);
  bench.store.load([
    ...[POOL, made('a', '2026-02-02T00:00:00Z'), made('b', '2026-02-01T00:00:00Z')],
  ]);
  await bench.settle();
  assert.equal([bench.ips('a'), bench.ips('b')], [['192.0.2.11'], ['192.0.2.10']]);
});

test.run();
