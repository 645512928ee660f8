import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hook } from '../../modules/metallb/hooks/upgrade/migrate-bgp.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import type { Operation } from '../../modules/metallb/src/store/store.ts';
import { createdBy } from '../support/cluster-objects.ts';
import { beforeHelm, createdSpecs, lossesOf, moduleConfig } from './upgrade-contexts.ts';

const pool = { name: 'bgp-pool', protocol: 'bgp', addresses: ['198.51.100.0/24'] };
const peer = { 'peer-address': '192.0.2.1', 'peer-asn': 64_501, 'my-asn': 64_500 };
const SPEAKERS = { 'node-role.deckhouse.io/metallb-speaker': '' };

function run(...objects: readonly KubernetesObject[]): readonly Operation[] {
  return hook.handle(beforeHelm(...objects), 0);
}

function specs(settings: object, version = 2): Record<string, unknown> {
  return createdSpecs(run(moduleConfig(version, { ...settings })));
}

test('41: a pool, a peer and a configuration with the community by its value; nothing of layer2', () => {
  const operations = run(
    moduleConfig(2, {
      addressPools: [
        {
          ...pool,
          'bgp-advertisements': [
            { communities: ['no-advertise-alias'], localpref: 100, 'aggregation-length': 24 },
          ],
        },
        { name: 'layer2-pool', protocol: 'layer2', addresses: ['192.0.2.0/28'] },
      ],
      bgpPeers: [{ ...peer, 'hold-time': '3s', 'router-id': '10.0.0.1', 'peer-port': 179 }],
      bgpCommunities: { 'no-advertise-alias': '65535:65282' },
      speaker: { nodeSelector: SPEAKERS },
    }),
  );
  assert.equal(createdSpecs(operations), {
    'MetalLoadBalancerPool/bgp-pool': { addresses: ['198.51.100.0/24'] },
    'MetalLoadBalancerBGPPeer/peer-0': {
      peerAddress: '192.0.2.1',
      peerASN: 64_501,
      myASN: 64_500,
      peerPort: 179,
      routerID: '10.0.0.1',
      holdTime: '3s',
    },
    'MetalLoadBalancerConfiguration/migrated-bgp': {
      mode: 'BGP',
      nodeSelector: SPEAKERS,
      bgp: { peerNames: ['peer-0'] },
      advertisements: [
        {
          poolNames: ['bgp-pool'],
          bgp: { communities: ['65535:65282'], localPref: 100, aggregationLength: 24 },
        },
      ],
    },
  });
  for (const { metadata } of createdBy(operations)) {
    const labels = { heritage: 'deckhouse', 'auto-generated-by': 'd8-migration-hook' };
    assert.equal(metadata.labels, labels);
  }
  assert.equal(lossesOf(operations), {});
});

test('42: what has the name already is not overwritten', () => {
  const existing: KubernetesObject = {
    apiVersion: 'network.deckhouse.io/v1alpha1',
    kind: 'MetalLoadBalancerPool',
    metadata: { name: 'bgp-pool', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
  };
  const config = moduleConfig(2, { addressPools: [pool], bgpPeers: [peer] });
  assert.equal(Object.keys(createdSpecs(run(config, existing))), [
    'MetalLoadBalancerBGPPeer/peer-0',
    'MetalLoadBalancerConfiguration/migrated-bgp',
  ]);
});

test('43: 80 pools and 2 peers are 80 pools, each with its address, and 80 advertisements', () => {
  const addressPools = Array.from({ length: 80 }, (_, index) => ({
    ...pool,
    name: `pool-${index}`,
    addresses: [`198.51.100.${index}/32`],
  }));
  const made = specs({ addressPools, bgpPeers: [peer, { ...peer, 'peer-address': '192.0.2.2' }] });
  addressPools.forEach(({ name, addresses }) => {
    assert.equal(made[`MetalLoadBalancerPool/${name}`], { addresses });
  });
  const configuration = made['MetalLoadBalancerConfiguration/migrated-bgp'];
  assert.equal(configuration, {
    mode: 'BGP',
    bgp: { peerNames: ['peer-0', 'peer-1'] },
    advertisements: addressPools.map(({ name }) => ({ poolNames: [name] })),
  });
});

test('44: from version 3 on the settings are not looked at', () => {
  assert.equal(specs({ addressPools: [pool], bgpPeers: [peer] }, 3), {});
});

for (const [name, settings] of [
  ['nothing', {}],
  ['layer2 pools alone', { addressPools: [{ name: 'a', protocol: 'layer2', addresses: [] }] }],
] as const) {
  test(`of ${name} nothing is made`, () => assert.equal(specs(settings), {}));
}

test('what Deckhouse’s migration loses of a pool is carried', () => {
  const made = specs({
    addressPools: [{ ...pool, 'auto-assign': false, 'avoid-buggy-ips': true }],
  });
  assert.equal(made['MetalLoadBalancerPool/bgp-pool'], {
    addresses: ['198.51.100.0/24'],
    autoAssign: false,
    avoidBuggyIPs: true,
  });
});

test('a password becomes a Secret that peers may name', () => {
  const operations = run(moduleConfig(2, { bgpPeers: [{ ...peer, password: 'correct horse' }] }));
  const secret = createdBy(operations).find(({ kind }) => kind === 'Secret');
  assert.equal(secret?.metadata, {
    name: 'migrated-peer-0',
    namespace: 'd8-metallb',
    labels: {
      heritage: 'deckhouse',
      'auto-generated-by': 'd8-migration-hook',
      'network.deckhouse.io/metallb-bgp-password': 'true',
    },
  });
  assert.equal(secret?.['stringData'], { password: 'correct horse' });
  const { passwordSecretRef } = createdSpecs(operations)['MetalLoadBalancerBGPPeer/peer-0'] as {
    passwordSecretRef?: unknown;
  };
  assert.equal(passwordSecretRef, { name: 'migrated-peer-0', namespace: 'd8-metallb' });
});

test('a peer of some nodes has a configuration of its own, as nodes belong to configurations', () => {
  const made = specs({
    addressPools: [pool],
    speaker: { nodeSelector: SPEAKERS },
    bgpPeers: [
      peer,
      { ...peer, 'node-selector': { matchLabels: { rack: '1' } } },
      {
        ...peer,
        'node-selector': { matchExpressions: [{ key: 'rack', operator: 'In', values: ['2'] }] },
      },
    ],
  });
  const view = Object.entries(made).flatMap(([name, spec]) => {
    if (!name.startsWith('MetalLoadBalancerConfiguration')) return [];
    const { nodeSelector, bgp } = spec as { nodeSelector: object; bgp: { peerNames: string[] } };
    return [[name.split('/')[1], nodeSelector, bgp.peerNames]];
  });
  assert.equal(view, [
    ['migrated-bgp', SPEAKERS, ['peer-0']],
    ['migrated-bgp-peer-1', { ...SPEAKERS, rack: '1' }, ['peer-1']],
    ['migrated-bgp-peer-2', { ...SPEAKERS, rack: '2' }, ['peer-2']],
  ]);
});

test('what the objects can’t express is said on them', () => {
  const operations = run(
    moduleConfig(2, {
      addressPools: [{ ...pool, 'bgp-advertisements': [{ communities: ['large:1:2:3', 'x'] }] }],
      bgpCommunities: { x: 'no-export' },
      bgpPeers: [
        {
          ...peer,
          'source-address': '10.0.0.9',
          'hold-time': 'soon',
          'node-selector': { matchExpressions: [{ key: 'rack', operator: 'Exists' }] },
        },
      ],
    }),
  );
  assert.equal(lossesOf(operations), {
    'peer-0':
      'source-address 10.0.0.9: name the nodes that have it in spec.sourceAddresses; node-selector: the peer is configured on all nodes, as migrated-bgp has equality labels only; hold-time soon: expected a duration such as 90s',
    'migrated-bgp': 'community large:1:2:3 of the pool bgp-pool',
  });
});

for (const [written, expected] of [
  [90, '90s'],
  [0, '0s'],
  ['1m30s', '1m30s'],
  ['500ms', '500ms'],
  ['1d', '24h'],
  ['1w2h', '168h2h'],
  ['1y', '8760h'],
] as const) {
  test(`a hold time of ${written} is ${expected}`, () => {
    const made = specs({ bgpPeers: [{ ...peer, 'hold-time': written }] });
    const { holdTime } = made['MetalLoadBalancerBGPPeer/peer-0'] as { holdTime?: unknown };
    assert.is(holdTime, expected);
  });
}

test('a node-selector that selects nothing anywhere stops the hook in words', () => {
  const matchExpressions = [{ key: 'rack', operator: 'Near' }];
  const bgpPeers = [{ ...peer, 'node-selector': { matchExpressions } }];
  assert.throws(
    () => specs({ bgpPeers }),
    /bgpPeers\[0\]\[node-selector\]\.matchExpressions\[0\]\.operator is "Near": expected one of In, NotIn, Exists, DoesNotExist/,
  );
});

test('a pool without name is called by its number', () => {
  const made = specs({ addressPools: [{ ...pool, name: undefined }] });
  assert.ok('MetalLoadBalancerPool/pool-0' in made);
});

test.run();
