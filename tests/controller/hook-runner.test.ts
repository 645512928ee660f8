import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CHILD_KIND } from '../../modules/metallb/src/api/names.ts';
import { child, classOf, node, service } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';

const OBJECTS = [
  classOf('c', { isDefault: true, nodeSelector: { role: 'edge' } }),
  node('n1', { role: 'edge' }),
  node('n2', { 'l2-load-balancer.network.deckhouse.io/member': '' }),
  service('nginx', { count: 2 }),
  child('nginx-c-0', { service: 'nginx', className: 'c' }),
  child('gone-c-0', { service: 'gone', className: 'c', ips: ['192.0.2.19'] }),
];

/** What a controller asked the store for, in short. */
async function writesOf(hookRunner: 'controller' | 'shell-operator'): Promise<string[]> {
  const bench = new ControllerBench(OBJECTS, hookRunner);
  await bench.settle();
  const writes = bench.store.writes.map((write) => {
    if (write.do === 'create') return `create ${write.object.kind}`;
    const part = write.do === 'patch' ? (write.subresource ?? 'object') : 'object';
    return `${write.do} ${part} of ${write.ref.kind}`;
  });
  return [...new Set(writes)].sort();
}

test('where shell-operator runs the hooks, the controller writes nothing but what IPAM and classes say', async () => {
  assert.equal(await writesOf('shell-operator'), [
    'patch status of MetalLoadBalancerClass',
    `patch status of ${CHILD_KIND}`,
  ]);
});

test('otherwise it writes what the hooks do, too', async () => {
  assert.equal(await writesOf('controller'), [
    `create ${CHILD_KIND}`,
    `delete object of ${CHILD_KIND}`,
    'patch object of Node',
    `patch object of ${CHILD_KIND}`,
    'patch status of MetalLoadBalancerClass',
    `patch status of ${CHILD_KIND}`,
    'patch status of Service',
  ]);
});

test('children get their IPs whoever makes them, and give them back when they go', async () => {
  const bench = new ControllerBench(OBJECTS, 'shell-operator');
  await bench.settle();
  assert.equal(bench.children(), [
    'gone-c-0 192.0.2.19 undefined',
    'nginx-c-0 192.0.2.10 undefined',
  ]);
  bench.store.remove({ kind: CHILD_KIND, namespace: 'default', name: 'gone-c-0' });
  await bench.settle();
  bench.clock.advance(60_000);
  const wish = { 'metallb.io/loadBalancerIPs': '192.0.2.19', 'metallb.io/address-pool': 'c' };
  const metadata = { annotations: wish };
  bench.store.put(child('nginx-c-1', { service: 'nginx', className: 'c' }, { metadata }));
  await bench.settle();
  assert.is(bench.children().at(-1), 'nginx-c-1 192.0.2.19 undefined');
});

test.run();
