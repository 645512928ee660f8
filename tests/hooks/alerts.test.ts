import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { unsupportedAnnotations } from '../../modules/metallb/hooks/alert-annotations.ts';
import { outdatedSettings } from '../../modules/metallb/hooks/alert-module-config.ts';
import type { Metric } from '../../modules/metallb/hooks/lib/hook.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { boundTo, classOf, type ServiceWish, service } from '../support/cluster-objects.ts';

const shown = ({ name, labels, value }: Metric) =>
  [name, ...Object.values(labels), `= ${value}`].join(' ');

function annotated(
  name: string,
  keys: readonly string[],
  wish: ServiceWish = {},
): KubernetesObject {
  const object = service(name, wish);
  const more = Object.fromEntries(keys.map((key) => [key, 'x']));
  const annotations = { ...object.metadata.annotations, ...more };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

const DEFAULT = classOf('c', { isDefault: true });
const UNSUPPORTED = 'd8_metallb_not_supported_service_annotations_detected';

const ANNOTATED: readonly [string, KubernetesObject, readonly KubernetesObject[], string[]][] = [
  [
    '49: each annotation of MetalLB by itself',
    annotated('nginx', ['metallb.io/address-pool', 'metallb.universe.tf/loadBalancerIPs']),
    [DEFAULT],
    [
      `${UNSUPPORTED} nginx default metallb.universe.tf/loadBalancerIPs = 1`,
      `${UNSUPPORTED} nginx default metallb.io/address-pool = 1`,
    ],
  ],
  [
    'one whose class is gone or refused',
    annotated('nginx', ['metallb.io/loadBalancerIPs'], boundTo('c')),
    [classOf('c', { addressPool: ['192.0.2.300'] })],
    [`${UNSUPPORTED} nginx default metallb.io/loadBalancerIPs = 1`],
  ],
  [
    'a Service that its class leaves to MetalLB',
    annotated('nginx', ['metallb.io/address-pool'], {
      status: {
        conditions: [
          {
            ...boundTo('c').status.conditions[0],
            ...{ status: 'False', reason: 'WouldLoseIPs', message: 'it would not keep its IPs' },
          },
        ],
      },
    }),
    [DEFAULT],
    [],
  ],
  [
    'a sharing key of MetalLB, which counts',
    annotated('nginx', ['metallb.io/allow-shared-ip', 'metallb.universe.tf/allow-shared-ip']),
    [DEFAULT],
    [],
  ],
  ['49: none', service('nginx'), [DEFAULT], []],
  [
    'the pool that MetalLB notes down itself',
    annotated('nginx', ['metallb.io/ip-allocated-from-pool']),
    [DEFAULT],
    [],
  ],
  [
    'a Service that no class serves: MetalLB may',
    annotated('nginx', ['metallb.io/address-pool']),
    [classOf('c')],
    [],
  ],
  [
    'a Service of another implementation',
    annotated('nginx', ['metallb.io/address-pool'], { spec: { loadBalancerClass: 'metallb' } }),
    [DEFAULT],
    [],
  ],
  [
    'a Service without a load balancer',
    annotated('nginx', ['metallb.io/address-pool'], { spec: { type: 'ClusterIP' } }),
    [DEFAULT],
    [],
  ],
];

for (const [what, of, classes, expected] of ANNOTATED) {
  test(`unsupported annotations: ${what}`, () => {
    assert.equal(unsupportedAnnotations([of], classes).map(shown), expected);
  });
}

const pool = (name: string, protocol: string) => ({ name, protocol });

function moduleConfig(version: number | undefined, addressPools: readonly object[] = []) {
  const metadata = { name: 'metallb', uid: '', resourceVersion: '', creationTimestamp: '' };
  const spec = { version, settings: { addressPools } };
  return { apiVersion: 'deckhouse.io/v1alpha1', kind: 'ModuleConfig', metadata, spec };
}

const OBSOLETE = 'd8_metallb_obsolete_layer2_pools_are_used';
const SETTINGS: readonly [
  string,
  ReturnType<typeof moduleConfig>[],
  KubernetesObject[],
  string[],
][] = [
  [
    '50: version 3, a layer2 pool',
    [moduleConfig(3, [pool('a', 'layer2')])],
    [],
    [`${OBSOLETE} a = 1`],
  ],
  [
    'version 2, pools of both protocols',
    [moduleConfig(2, [pool('a', 'layer2'), pool('b', 'bgp'), pool('c', 'layer2')])],
    [],
    [`${OBSOLETE} a = 1`, `${OBSOLETE} c = 1`],
  ],
  ['version 2, only bgp', [moduleConfig(2, [pool('b', 'bgp')])], [], []],
  [
    'version 1, only layer2',
    [moduleConfig(1, [pool('a', 'layer2')])],
    [],
    ['d8_metallb_update_mc_version_required = 1'],
  ],
  [
    '51: version 1, pools of both protocols',
    [moduleConfig(1, [pool('a', 'layer2'), pool('b', 'bgp')])],
    [],
    ['d8_metallb_not_only_layer2_pools = 1'],
  ],
  ['version 1, only bgp', [moduleConfig(1, [pool('b', 'bgp')])], [], []],
  [
    '51: version 1, Services that say where their IPs come from, and one that does not',
    [moduleConfig(1, [pool('b', 'bgp')])],
    [
      service('by-class', { spec: { loadBalancerClass: 'c' } }),
      service('by-note', { classAnnotation: 'c' }),
      annotated('by-pool', ['metallb.universe.tf/address-pool']),
      annotated('allocated', ['metallb.io/ip-allocated-from-pool']),
      service('internal', { spec: { type: 'ClusterIP' } }),
      service('orphan'),
    ],
    ['d8_metallb_orphaned_loadbalancer_detected orphan default = 1'],
  ],
  ['version 2, a Service that does not', [moduleConfig(2)], [service('orphan')], []],
  ['no version', [moduleConfig(undefined)], [service('orphan')], []],
  ['no ModuleConfig', [], [service('orphan')], []],
];

for (const [what, configs, services, expected] of SETTINGS) {
  test(`settings of the module: ${what}`, () => {
    assert.equal(outdatedSettings(configs, services).map(shown), expected);
  });
}

test.run();
