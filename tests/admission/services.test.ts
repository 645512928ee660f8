import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Change } from '../../modules/metallb/src/admission/admission-review.ts';
import { classOf, type ServiceWish, service } from '../support/cluster-objects.ts';
import { creation, deletion, SERVICES, update, verdictOn } from './admission-bench.ts';

const classes = [classOf('main')];

function warningsOn(change: Change): readonly string[] {
  const { refusals, warnings } = verdictOn(change, { classes }, { resource: SERVICES });
  assert.equal(refusals, []);
  return warnings;
}

const count =
  'metadata.annotations[network.deckhouse.io/l2-load-balancer-external-ips-count] is "three": expected an integer from 1 to 1000, or auto; a Service keeps as many as it has, a new one gets 1';
const rows: [name: string, wish: ServiceWish, warnings: string[]][] = [
  ['no annotation', {}, []],
  [
    'all annotations right',
    { count: 2, ips: '192.0.2.10', classAnnotation: 'main', forceAddress: 'true' },
    [],
  ],
  ['a count in words', { count: 'three' }, [count]],
  [
    'two wrong annotations',
    { count: 'three', forceAddress: 'yes' },
    [
      count,
      'metadata.annotations[network.deckhouse.io/force-address] is "yes": expected true or false; false is used',
    ],
  ],
  [
    'two wrong addresses',
    { ips: '192.0.2.10, 192.0.2, 192.0.2.10' },
    [
      'metadata.annotations[network.deckhouse.io/load-balancer-ips] is "192.0.2": expected IP addresses separated by commas; this one is skipped',
      'metadata.annotations[network.deckhouse.io/load-balancer-ips] is "192.0.2.10": expected each address once; the repetition is skipped',
    ],
  ],
  [
    'a class that does not exist',
    { classAnnotation: 'man' },
    [
      'metadata.annotations[network.deckhouse.io/metal-load-balancer-class] is "man": expected the name of a MetalLoadBalancerClass in force; the Service gets no IPs until there is one',
    ],
  ],
  [
    'a class in spec.loadBalancerClass, which beats the annotation',
    { classAnnotation: 'man', count: 'three', spec: { loadBalancerClass: 'main' } },
    [count],
  ],
  [
    'a load balancer class of somebody else',
    { count: 'three', spec: { loadBalancerClass: 'example.org/lb' } },
    [],
  ],
  ['another type', { count: 'three', spec: { type: 'ClusterIP' } }, []],
];
for (const [name, wish, warnings] of rows) {
  test(`a Service with ${name}: ${warnings.length} warnings, created or changed`, () => {
    assert.equal(warningsOn(creation(service('web', wish))), warnings);
    assert.equal(warningsOn(update(service('web'), service('web', wish))), warnings);
  });
}

test('a Service that goes is told nothing', () => {
  const going = service('web', { count: 'three' });
  const metadata = { ...going.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
  assert.equal(warningsOn(update(going, { ...going, metadata })), []);
  assert.equal(warningsOn(deletion(going)), []);
});

test('a Service that this module can’t read is somebody else’s to judge', () => {
  assert.equal(warningsOn(creation({ ...service('web'), spec: { ports: 'all' } })), []);
});

test.run();
