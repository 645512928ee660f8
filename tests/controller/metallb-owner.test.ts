import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ANNOTATION } from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import type { TermOptions } from '../../modules/metallb/src/controller/term.ts';
import { classOf, node } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';
import { FakeShellOperator } from '../support/fake-shell-operator.ts';
import { ipAddressPool, l2Advertisement, plainService } from '../support/metallb-objects.ts';

const POOL = ipAddressPool('public', ['192.0.2.10-192.0.2.11']);
const ORIGIN = 'metallb.io/ip-allocated-from-pool';
const withClass = (loadBalancerClass: string) =>
  plainService('web', { spec: { loadBalancerClass } });
const defaultClass = (addressPool: readonly string[], spec: Record<string, unknown> = {}) =>
  classOf('ingress', { isDefault: true, addressPool, ...spec });

interface Row {
  readonly name: string;
  readonly options?: Partial<TermOptions>;
  readonly before: readonly KubernetesObject[];
  readonly change?: readonly KubernetesObject[];
  readonly ips: readonly string[];
  readonly owner: 'metallb' | 'class' | 'nobody';
  /** Found in its conditions. */
  readonly says?: string;
}

const rows: readonly Row[] = [
  { name: 'without a class', before: [plainService('web')], ips: ['192.0.2.10'], owner: 'metallb' },
  {
    name: 'with a class of another implementation',
    before: [withClass('example.com/other')],
    ips: [],
    owner: 'nobody',
  },
  {
    name: 'with the class that is the setting’s',
    options: { lbClass: 'example.com/metallb' },
    before: [withClass('example.com/metallb')],
    ips: ['192.0.2.10'],
    owner: 'metallb',
  },
  {
    name: 'without a class where the setting names one',
    options: { lbClass: 'example.com/metallb' },
    before: [plainService('web')],
    ips: [],
    owner: 'nobody',
  },
  {
    name: 'of a class that it names',
    before: [classOf('ingress', { addressPool: ['198.51.100.1'] }), withClass('ingress')],
    ips: ['198.51.100.1'],
    owner: 'class',
  },
  {
    name: 'of the default class',
    before: [defaultClass(['198.51.100.1']), plainService('web')],
    ips: ['198.51.100.1'],
    owner: 'class',
  },
  {
    name: 'of a class that it names and that does not exist',
    before: [plainService('web', { annotations: { [ANNOTATION.class]: 'gone' } })],
    ips: [],
    owner: 'class',
    says: 'load-balancer-class=False: MetalLoadBalancerClass "gone" does not exist',
  },
  {
    name: 'that a default class can’t take over with its IP: all stays',
    before: [plainService('web')],
    change: [defaultClass(['198.51.100.1'])],
    ips: ['192.0.2.10'],
    owner: 'metallb',
    says: 'load-balancer-class=False: MetalLoadBalancerClass "ingress" does not take the Service over',
  },
  {
    name: 'that MetalLB itself served, and no pool has its IP: it is kept',
    before: [
      plainService('web', {
        ingress: ['203.0.113.7'],
        annotations: { 'metallb.io/ip-allocated-from-pool': 'old' },
      }),
    ],
    ips: ['203.0.113.7'],
    owner: 'metallb',
    says: 'ips-in-pool=False: 203.0.113.7 is not in pool old any more',
  },
  {
    name: 'whose addresses a default class gets: it takes the Service over with its IP',
    before: [plainService('web')],
    change: [ipAddressPool('public', ['192.0.2.11']), defaultClass(['192.0.2.10'])],
    ips: ['192.0.2.10'],
    owner: 'class',
  },
  {
    name: 'whose addresses a default class without nodes gets: it is answered as before',
    before: [plainService('web')],
    change: [
      ipAddressPool('public', ['192.0.2.11']),
      defaultClass(['192.0.2.10'], { nodeSelector: { role: 'none' } }),
    ],
    ips: ['192.0.2.10'],
    owner: 'metallb',
  },
  {
    name: 'that becomes a ClusterIP',
    before: [plainService('web')],
    change: [plainService('web', { spec: { type: 'ClusterIP' } })],
    ips: [],
    owner: 'nobody',
  },
];

for (const runner of ['controller', 'shell-operator'] as const) {
  for (const { name, options, before, change = [], ips, owner, says } of rows) {
    test(`${runner}: a Service ${name} is ${owner === 'nobody' ? 'nobody’s' : `served by ${owner}`}`, async () => {
      const objects = [node('n1'), POOL, l2Advertisement('all'), ...before];
      const bench = new ControllerBench(objects, runner, options);
      const operator = new FakeShellOperator(bench.store, () => bench.clock.epochMs());
      const settle = () =>
        bench.settle(() => (runner === 'controller' ? Promise.resolve() : operator.step()));
      await settle();
      for (const object of change) bench.change(object, ORIGIN);
      await settle();
      assert.equal(bench.ips('web'), ips);
      const conditions = bench.conditions('web').join('\n');
      assert.is(conditions.includes('metallb.io/ip-address-pool'), owner === 'metallb');
      const isBound = /load-balancer-class=(True|False: .* does not exist)/.test(conditions);
      assert.is(isBound, owner === 'class');
      assert.is(bench.children().length > 0, owner === 'class' && ips.length > 0);
      assert.is(ORIGIN in bench.annotations('web'), owner === 'metallb');
      assert.match(conditions, says ?? '');
      bench.store.writes.length = 0;
      await settle();
      assert.equal(bench.store.writes, [], 'nobody fights');
    });
  }
}

test('a Service is let go where its pool is in a namespace that is not watched any more', async () => {
  const elsewhere = { ...POOL, metadata: { ...POOL.metadata, namespace: 'elsewhere' } };
  const service = plainService('web');
  const bench = new ControllerBench([node('n1'), POOL, l2Advertisement('all'), service]);
  await bench.settle();
  assert.equal(bench.ips('web'), ['192.0.2.10']);
  bench.remove(POOL);
  bench.store.put(elsewhere);
  for (const look of [() => bench.settle(), () => bench.restart()]) {
    await look();
    assert.equal(bench.ips('web'), ['192.0.2.10'], 'for the next one to find');
    assert.equal(bench.conditions('web'), []);
  }
  // Whoever watches that namespace has the last word.
  bench.store.put({ ...service, status: { loadBalancer: { ingress: [{ ip: '192.0.2.15' }] } } });
  await bench.settle();
  assert.equal(bench.ips('web'), ['192.0.2.15']);
  assert.equal(bench.conditions('web'), []);
});

test('a Service whose pool is gone is let go by a controller that starts where that pool is not watched', async () => {
  const bench = new ControllerBench([
    node('n1'),
    POOL,
    l2Advertisement('all'),
    plainService('web'),
  ]);
  await bench.settle();
  bench.remove(POOL);
  await bench.restart();
  assert.match(bench.conditions('web').join(), 'is not in pool public any more', 'it is kept');
  bench.store.put({ ...POOL, metadata: { ...POOL.metadata, namespace: 'elsewhere' } });
  await bench.restart();
  assert.equal(bench.conditions('web'), []);
  assert.equal(bench.ips('web'), ['192.0.2.10']);
});

test.run();
