import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ANNOTATION } from '../../modules/metallb/src/api/names.ts';
import { child, classOf, node, service } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';

const NODES = ['n1', 'n2', 'n3'].map((name) => node(name));
const pool = (...addressPool: string[]) => classOf('ingress', { isDefault: true, addressPool });

/** What is told while this comes about, after all before has settled. */
async function toldBy(
  objects: ConstructorParameters<typeof ControllerBench>[0],
  change: (bench: ControllerBench) => void,
): Promise<string[]> {
  const bench = new ControllerBench([...NODES, ...objects]);
  await bench.settle();
  bench.events.length = 0;
  change(bench);
  await bench.settle();
  return bench.events.sort();
}

test('assigned IPs are told on each child, with its node, and once on the Service', async () => {
  const told = await toldBy([pool('192.0.2.10-192.0.2.19')], (bench) =>
    bench.store.put(service('web', { count: 2 })),
  );
  assert.equal(told, [
    'SDNInternalL2LBService/web-ingress-0 Normal IPAllocated: 192.0.2.10 assigned, preferred node n3',
    'SDNInternalL2LBService/web-ingress-1 Normal IPAllocated: 192.0.2.11 assigned, preferred node n2',
    'Service/web Normal IPAllocated: 192.0.2.10, 192.0.2.11 assigned: 2 of 2 public IPs were assigned',
  ]);
});

test('a lowered count tells which IPs were released', async () => {
  const told = await toldBy(
    [pool('192.0.2.10-192.0.2.19'), service('web', { count: 3 })],
    (bench) => bench.change(service('web', { count: 2 })),
  );
  assert.equal(told, [
    'Service/web Normal IPReleased: 192.0.2.12 released: 2 of 2 public IPs were assigned',
  ]);
});

test('another requested IP tells which one it replaces', async () => {
  const told = await toldBy([pool('192.0.2.10-192.0.2.19'), service('web')], (bench) =>
    bench.change(service('web', { ips: '192.0.2.15' })),
  );
  assert.match(
    told.join('\n'),
    'Service/web Normal IPAllocated: 192.0.2.15 assigned in place of 192.0.2.10',
  );
});

test('a refusal is told on the Service and on the child that gets nothing, and why', async () => {
  const told = await toldBy([pool('192.0.2.10')], (bench) =>
    bench.store.put(service('web', { count: 2 })),
  );
  const why = 'no free IPv4 address (ingress: 1 of 1 used)';
  assert.equal(
    told.filter((event) => event.includes('AllocationFailed')),
    [
      `SDNInternalL2LBService/web-ingress-1 Warning AllocationFailed: ${why}`,
      `Service/web Warning AllocationFailed: web-ingress-1: ${why}`,
    ],
  );
});

test('what is told once is not told again by another controller', async () => {
  const bench = new ControllerBench([...NODES, pool('192.0.2.10'), service('web', { count: 2 })]);
  await bench.settle();
  assert.ok(bench.events.length > 3);
  bench.events.length = 0;
  await bench.restart();
  assert.equal(bench.events, []);
});

for (const [what, object, expected] of [
  ['a class that does not exist', service('web', { classAnnotation: 'other' }), 'ClassNotFound'],
  ['an annotation that can’t be read', service('web', { count: 'many' }), 'InvalidAnnotation'],
  ['a class that is wrong', classOf('late', { addressPool: ['192.0.2.1-'] }), 'Invalid'],
  ['pools that overlap', classOf('late', {}, '2026-06-01T00:00:00Z'), 'PoolsOverlap'],
  [
    'a second default class',
    classOf('late', { isDefault: true, addressPool: ['198.51.100.1'] }, '2026-06-01T00:00:00Z'),
    'AnotherDefault',
  ],
] as const) {
  test(`${what} is told in the words of its condition`, async () => {
    const told = await toldBy([pool('192.0.2.10-192.0.2.19')], (bench) => bench.store.put(object));
    const warnings = told.filter((event) => event.includes(` Warning ${expected}: `));
    assert.is(warnings.length, 1, told.join('\n'));
  });
}

test('a class that is mended is told to be in force', async () => {
  const told = await toldBy([pool('192.0.2.300')], (bench) => bench.change(pool('192.0.2.10')));
  assert.ok(told.includes('MetalLoadBalancerClass/ingress Normal Accepted: in force'), told.join());
});

test('an IP whose preferred node changes tells from where to where', async () => {
  const told = await toldBy([pool('192.0.2.10'), service('web')], (bench) =>
    bench.change(node('n3', {}, { [ANNOTATION.drain]: '' })),
  );
  assert.equal(told, [
    'SDNInternalL2LBService/web-ingress-0 Normal PreferredNodeChanged: 192.0.2.10 shall be answered by n2 and no longer by n3',
  ]);
});

test('an IP that its pool does not cover any more is told', async () => {
  const told = await toldBy([pool('192.0.2.10'), service('web')], (bench) =>
    bench.change(pool('198.51.100.0/24')),
  );
  assert.is(told.filter((event) => event.includes(' Warning NotInPool: ')).length, 2);
});

test('an IP that two children have is told on the younger one, which gets another', async () => {
  const twin = (name: string) =>
    child(`${name}-ingress-0`, {
      service: name,
      className: 'ingress',
      node: 'n1',
      ips: ['192.0.2.10'],
    });
  // Made within one second, the order of names decides.
  const bench = new ControllerBench([
    ...[...NODES, pool('192.0.2.10-192.0.2.19'), service('a'), service('b'), twin('a'), twin('b')],
  ]);
  await bench.settle();
  assert.equal([bench.ips('a'), bench.ips('b')], [['192.0.2.10'], ['192.0.2.11']]);
  assert.ok(
    bench.events.includes(
      'SDNInternalL2LBService/b-ingress-0 Warning AddressAssignedTwice: 192.0.2.10 is assigned to an older child, too: this one gets another IP',
    ),
  );
});

test.run();
