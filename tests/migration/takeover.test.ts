import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { plain } from '../../modules/metallb/src/cli/paint.ts';
import { planChange } from '../../modules/metallb/src/cli/plan.ts';
import { movesSomething, type PlanReport } from '../../modules/metallb/src/cli/plan-report.ts';
import { formatPlan } from '../../modules/metallb/src/cli/plan-text.ts';
import { PLANNED_KINDS } from '../../modules/metallb/src/cli/planned-kinds.ts';
import { classOf, node, type ServiceWish, service } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';
import { FakeShellOperator } from '../support/fake-shell-operator.ts';

const NODES = ['n1', 'n2', 'n3'].map((name) => node(name));
const POOL = ['192.0.2.10-192.0.2.19', '2001:db8::10-2001:db8::19'];
const INGRESS = classOf('ingress', { isDefault: true, addressPool: POOL });
const OTHER = classOf('other', { addressPool: ['198.51.100.0/28'] });
const DUAL = { ipFamilies: ['IPv4', 'IPv6'] };
const COUNT = 'network.deckhouse.io/l2-load-balancer-external-ips-count';

interface Old extends ServiceWish {
  readonly ips?: string;
  /** What the other load balancer wrote: IPs, or names of hosts. */
  readonly has: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A Service as another load balancer has left it. */
function old(name: string, { has, annotations, ...wish }: Old): KubernetesObject {
  const ingress = has.map((one) => (/[a-z]{3}/.test(one) ? { hostname: one } : { ip: one }));
  const object = service(name, { ...wish, status: { loadBalancer: { ingress } } });
  const { metadata } = object;
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } },
  };
}

const on = (protocol: string, port = 53) => ({ ports: [{ port, protocol }] });

function sharers(annotation: string, spec: object = {}): KubernetesObject[] {
  const annotations = { [annotation]: 'dns' };
  return ['UDP', 'TCP'].map((protocol) =>
    old(protocol.toLowerCase(), {
      has: ['192.0.2.15'],
      annotations,
      spec: { ...on(protocol), ...spec },
    }),
  );
}

const LOCAL = { externalTrafficPolicy: 'Local', selector: { app: 'dns' } };

const KEPT: readonly [name: string, services: readonly KubernetesObject[]][] = [
  ['an IP of the pool', [old('web', { has: ['192.0.2.15'] })]],
  [
    'one that spec.loadBalancerIP asks for',
    [old('web', { has: ['192.0.2.15'], spec: { loadBalancerIP: '192.0.2.15' } })],
  ],
  [
    'one that an annotation of MetalLB asks for',
    [
      old('web', {
        has: ['192.0.2.15'],
        annotations: { 'metallb.io/loadBalancerIPs': '192.0.2.15' },
      }),
    ],
  ],
  [
    'both families, the second first',
    [
      old('web', {
        has: ['192.0.2.15', '2001:db8::15'],
        spec: { ipFamilies: ['IPv6', 'IPv4'], ipFamilyPolicy: 'RequireDualStack' },
      }),
    ],
  ],
  [
    'several of one family, where it asks for as many',
    [old('web', { has: ['192.0.2.17', '192.0.2.15'], count: 2 })],
  ],
  ['one that two share by MetalLB’s key', sharers('metallb.io/allow-shared-ip')],
  ['one that two share by its older spelling', sharers('metallb.universe.tf/allow-shared-ip')],
  ['one that two share in front of the same pods', sharers('metallb.io/allow-shared-ip', LOCAL)],
  [
    'one that two share and both ask for',
    sharers('metallb.io/allow-shared-ip', { loadBalancerIP: '192.0.2.15' }),
  ],
];

const LEFT_ALONE: readonly [name: string, old: Old, why: RegExp][] = [
  [
    'an IP in no pool',
    { has: ['203.0.113.1'] },
    /203\.0\.113\.1 is not in its spec\.addressPool: add it there, or ask for others/,
  ],
  [
    'an IP in the pool of another class',
    { has: ['198.51.100.1'] },
    /198\.51\.100\.1 is not in .*: choose the class whose pool has it \(.*-class: other\)/,
  ],
  [
    'an IP in no pool that it asks for',
    { has: ['203.0.113.1'], spec: { loadBalancerIP: '203.0.113.1' } },
    /203\.0\.113\.1 is not in/,
  ],
  [
    'an IP in no pool that Deckhouse’s migration wrote down',
    { has: ['203.0.113.1'], ips: '203.0.113.1' },
    /203\.0\.113\.1 is not in/,
  ],
  [
    'one family in the pool, the other in none',
    {
      has: ['192.0.2.15', '2001:db8:1::1'],
      spec: { ...DUAL, ipFamilyPolicy: 'PreferDualStack' },
    },
    /: 2001:db8:1::1 is not in/,
  ],
  [
    'a family that it does not ask for',
    { has: ['192.0.2.15', '2001:db8::15'] },
    /has 2001:db8::15 and asks for 0 IPv6 addresses: add IPv6 to spec\.ipFamilies/,
  ],
  [
    'more IPs than it asks for',
    { has: ['192.0.2.15', '192.0.2.17'] },
    new RegExp(`has 192.0.2.15, 192.0.2.17 and asks for 1 IPv4 addresses: set ${COUNT} to 2`),
  ],
  [
    'the name of a host',
    { has: ['a1b2.elb.example.com'] },
    /a1b2\.elb\.example\.com is not in its spec\.addressPool/,
  ],
];

const REPLACED: readonly [name: string, old: Old, spec: object, ips: readonly string[]][] = [
  ['it asks for another one', { has: ['203.0.113.1'], ips: '192.0.2.12' }, {}, ['192.0.2.12']],
  ['the class reassigns', { has: ['203.0.113.1'] }, { whenOutOfPool: 'Reassign' }, ['192.0.2.10']],
];

type Runner = 'controller' | 'shell-operator';

/** A cluster with whoever runs the hooks. */
class Cluster {
  readonly bench: ControllerBench;
  readonly #operator: FakeShellOperator;
  readonly #runner: Runner;

  constructor(runner: Runner, objects: readonly KubernetesObject[]) {
    this.bench = new ControllerBench([...NODES, ...objects], runner);
    this.#runner = runner;
    this.#operator = new FakeShellOperator(this.bench.store, () => this.bench.clock.epochMs());
  }

  async settle(): Promise<void> {
    await this.bench.settle(async () => {
      if (this.#runner === 'shell-operator') await this.#operator.step();
    });
  }

  /** By Service; in what order its status names them says nothing. */
  ips(): Record<string, unknown[]> {
    return ipsOf(this.bench.store.list('Service'));
  }
}

function ipsOf(services: readonly KubernetesObject[]): Record<string, unknown[]> {
  return Object.fromEntries(
    services.map(({ metadata, status }) => {
      const entries = listAt(status, 'loadBalancer', 'ingress');
      return [metadata.name, entries.map((entry) => valueAt(entry, 'ip')).sort()];
    }),
  );
}

function plan(objects: readonly KubernetesObject[]): Promise<PlanReport> {
  const files = [{ name: 'class.yaml', text: JSON.stringify(INGRESS) }];
  const change = { files, deleted: [], excluded: [], drained: [] };
  const known = objects.filter(({ kind }) => PLANNED_KINDS.some((planned) => planned === kind));
  return planChange({ objects: known, change, failed: [], mode: 'replace', nowEpochMs: 0 });
}

/** A user gives it one more port. */
function edited(object: KubernetesObject): KubernetesObject {
  const spec = object.spec as { ports: { port: number; protocol: string }[] };
  const [first] = spec.ports;
  const ports = [...spec.ports, { name: 'more', port: 8_000, protocol: first?.protocol }];
  return { ...object, spec: { ...spec, ports } };
}

for (const runner of ['controller', 'shell-operator'] as const) {
  for (const [name, services] of KEPT) {
    test(`by the ${runner}, taken over and kept for good: ${name}`, async () => {
      const cluster = new Cluster(runner, services);
      await cluster.settle();
      assert.equal(cluster.bench.store.writes, [], 'no class, nothing to do');
      cluster.bench.store.put(INGRESS);
      await cluster.settle();
      assert.equal(cluster.ips(), ipsOf(services));
      for (const object of services) {
        cluster.bench.change(edited(object));
        await cluster.settle();
        assert.equal(cluster.ips(), ipsOf(services), `${object.metadata.name} was edited`);
      }
      await cluster.bench.restart();
      await cluster.settle();
      assert.equal(cluster.bench.store.writes, []);
      assert.equal(cluster.ips(), ipsOf(services));
    });
  }

  for (const [name, wish, why] of LEFT_ALONE) {
    test(`by the ${runner}, left alone until nothing would be lost: ${name}`, async () => {
      const cluster = new Cluster(runner, [INGRESS, OTHER, old('web', wish)]);
      const before = cluster.ips();
      await cluster.settle();
      assert.equal(cluster.ips(), before);
      assert.equal(cluster.bench.children(), []);
      assert.match(cluster.bench.conditions('web').join('\n'), why);
      await cluster.bench.restart();
      await cluster.settle();
      assert.equal(cluster.bench.store.writes, [], 'said once');
      cluster.bench.change(classOf('ingress', { addressPool: POOL }));
      await cluster.settle();
      assert.equal(cluster.bench.conditions('web'), [], 'no class wants it any more');
      assert.equal(cluster.ips(), before);
    });
  }

  for (const [name, wish, spec, ips] of REPLACED) {
    test(`by the ${runner}, replaced where ${name}`, async () => {
      const clazz = classOf('ingress', { isDefault: true, addressPool: POOL, ...spec });
      const cluster = new Cluster(runner, [clazz, old('web', wish)]);
      await cluster.settle();
      assert.equal(cluster.ips(), { web: ips });
    });
  }
}

for (const [name, services] of KEPT) {
  test(`a plan says that it stays: ${name}`, async () => {
    const report = await plan([...NODES, ...services]);
    assert.not(movesSomething(report));
    const changes = report.ips.map(({ change }) => change);
    assert.equal(
      changes,
      Object.values(ipsOf(services)).flatMap((ips) => ips.map(() => 'adopted')),
    );
    assert.equal(report.notTakenOver, []);
  });
}

for (const [name, wish] of LEFT_ALONE) {
  test(`a plan says that it is left alone: ${name}`, async () => {
    const report = await plan([...NODES, OTHER, old('web', wish)]);
    assert.equal([report.ips, report.notTakenOver], [[], ['Service default/web']]);
    const lines = formatPlan(report, plain);
    assert.is(lines[0], 'Service default/web is not taken over: see its conditions below');
    assert.match(lines.join('\n'), /\+ False WouldLoseIPs: MetalLoadBalancerClass "ingress"/);
  });
}

test('it is taken over as soon as nothing is in the way', async () => {
  const bench = new ControllerBench([...NODES, INGRESS, old('web', { has: ['192.0.2.20'] })]);
  await bench.settle();
  assert.match(
    bench.events.join('\n'),
    /Service\/web Warning WouldLoseIPs: .*192\.0\.2\.20 is not/,
  );
  bench.change(classOf('ingress', { isDefault: true, addressPool: ['192.0.2.10-192.0.2.20'] }));
  await bench.settle();
  assert.equal(bench.ips('web'), ['192.0.2.20']);
  assert.match(bench.conditions('web').join(), /load-balancer-class=True: ingress/);
});

test('in front of an IP that another one has without a key, nobody is led to share', async () => {
  const bench = new ControllerBench([
    ...NODES,
    INGRESS,
    old('a', { has: ['192.0.2.15'] }),
    old('b', { has: ['192.0.2.15'], sharedIpKey: 'dns' }),
  ]);
  await bench.settle();
  assert.equal([bench.ips('a'), bench.ips('b')], [['192.0.2.15'], ['192.0.2.10']]);
  assert.match(
    bench.events.join('\n'),
    /Service\/b .*192\.0\.2\.10 assigned in place of 192\.0\.2\.15/,
  );
});

const KEY = 'metallb.io/allow-shared-ip';

function annotated(object: KubernetesObject, more: Readonly<Record<string, string>>) {
  const { metadata } = object;
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...metadata.annotations, ...more } },
  };
}

for (const order of [
  ['udp', 'tcp'],
  ['tcp', 'udp'],
] as const) {
  test(`${order.join(' before ')}: who goes over shares with who waits; who is new is not led to them`, async () => {
    const byName = new Map(sharers(KEY).map((object) => [object.metadata.name, object]));
    const wish = { classAnnotation: 'ingress', sharedIpKey: 'dns', spec: on('SCTP') };
    const notDefault = classOf('ingress', { addressPool: ['192.0.2.15-192.0.2.19'] });
    const bench = new ControllerBench([...NODES, notDefault, ...byName.values()]);
    const ips = () => order.map((name) => bench.ips(name)[0]);
    await bench.settle();
    bench.store.put(service('new', wish));
    await bench.settle();
    assert.equal(bench.ips('new'), ['192.0.2.16'], 'another load balancer answers for 192.0.2.15');
    for (const [index, name] of order.entries()) {
      const object = byName.get(name);
      const chosen = { 'network.deckhouse.io/metal-load-balancer-class': 'ingress' };
      if (object !== undefined) bench.change(annotated(object, chosen));
      await bench.settle();
      assert.equal(ips(), ['192.0.2.15', '192.0.2.15']);
      assert.is(bench.children().length, index + 2);
      await bench.restart();
    }
    bench.store.remove({ kind: 'Service', namespace: 'default', name: order[0] });
    await bench.settle();
    assert.equal(bench.ips(order[1]), ['192.0.2.15']);
  });
}

test('who waits shares on the terms that it has now', async () => {
  const [udp, tcp] = sharers(KEY);
  if (udp === undefined || tcp === undefined) throw new Error('expected two');
  const before = [udp, tcp].map((object) => annotated(object, { [KEY]: 'name-servers' }));
  const notDefault = classOf('ingress', { addressPool: POOL });
  const bench = new ControllerBench([...NODES, notDefault, ...before]);
  await bench.settle();
  for (const object of [udp, tcp]) bench.change(object);
  await bench.settle();
  bench.change(annotated(tcp, { 'network.deckhouse.io/metal-load-balancer-class': 'ingress' }));
  await bench.settle();
  assert.equal([bench.ips('tcp'), bench.children().length], [['192.0.2.15'], 1]);
});

test.run();
