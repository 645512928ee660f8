import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { classOf, node, service } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';

const SERVICES = 1_000;

test('a thousand Services cost three writes each, and one more costs no more than the first', async () => {
  const pool = classOf('ingress', { isDefault: true, addressPool: ['192.0.0.0/16'] });
  const nodes = ['n1', 'n2', 'n3'].map((name) => node(name));
  const bench = new ControllerBench([pool, ...nodes]);
  for (let index = 0; index < SERVICES; index += 1) bench.store.put(service(`s${index}`));
  await bench.settle();
  const children = bench.children();
  assert.is(children.length, SERVICES);
  assert.is(new Set(children.map((text) => text.split(' ')[1])).size, SERVICES);
  const perNode = nodes.map(
    ({ metadata }) => children.filter((text) => text.endsWith(` ${metadata.name}`)).length,
  );
  assert.ok(Math.max(...perNode) - Math.min(...perNode) <= 1, perNode.join(' '));
  // Besides: a label for each node, and the class's status.
  assert.ok(bench.store.writes.length <= 3 * SERVICES + 10, `${bench.store.writes.length} writes`);

  bench.store.writes.length = 0;
  bench.store.put(service('one-more', { count: 2 }));
  await bench.settle();
  assert.ok(bench.store.writes.length <= 6, `${bench.store.writes.length} writes`);
});

test('a Service of three hundred IPs does not write its children all at once', async () => {
  const pool = classOf('ingress', { isDefault: true, addressPool: ['192.0.0.0/16'] });
  const bench = new ControllerBench([pool, node('n1'), service('web', { count: 300 })]);
  await bench.settle();
  assert.is(bench.ips('web').length, 300);
  // Of the Service, beside one of the class or of nodes: the leader's own Lease has to get through.
  assert.ok(bench.store.mostAtOnce <= 9, `${bench.store.mostAtOnce} writes at once`);
});

test.run();
