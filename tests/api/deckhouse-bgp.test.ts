import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMetalLoadBalancerBgpPeer } from '../../modules/metallb/src/api/metal-load-balancer-bgp-peer.ts';
import { parseMetalLoadBalancerConfiguration } from '../../modules/metallb/src/api/metal-load-balancer-configuration.ts';
import { parsedValue, problemsOf } from '../support/parsed.ts';

const LEAST = { peerAddress: '172.16.1.1', peerASN: 64_600, myASN: 64_601 };

function peer(spec: Readonly<Record<string, unknown>>) {
  const kind = 'MetalLoadBalancerBGPPeer';
  const apiVersion = 'network.deckhouse.io/v1alpha1';
  return parseMetalLoadBalancerBgpPeer({ apiVersion, kind, metadata: { name: 'tor' }, spec });
}

function configuration(spec: Readonly<Record<string, unknown>>) {
  const kind = 'MetalLoadBalancerConfiguration';
  const apiVersion = 'network.deckhouse.io/v1alpha1';
  return parseMetalLoadBalancerConfiguration({
    ...{ apiVersion, kind, metadata: { name: 'edge' } },
    spec: { mode: 'BGP', ...spec },
  });
}

test('a peer with what it needs and nothing else has Deckhouse’s defaults', () => {
  assert.equal(parsedValue(peer(LEAST)).spec, {
    ...{ peerAddress: '172.16.1.1', peerPort: 179, peerAsn: 64_600, myAsn: 64_601 },
    ...{ routerId: undefined, holdSeconds: 90, passwordSecret: undefined, sourceAddresses: [] },
  });
});

const sources = (...addresses: readonly [string, string][]) => ({
  sourceAddresses: addresses.map(([nodeName, address]) => ({ nodeName, address })),
});
const WRONG_PEERS: [string, Readonly<Record<string, unknown>>][] = [
  ['spec.peerAddress is "tor"', { peerAddress: 'tor' }],
  ['spec.peerASN is 0: expected an integer from 1', { peerASN: 0 }],
  ['spec.myASN is missing', { myASN: undefined }],
  ['spec.peerPort is 0: expected an integer from 1 to 65535', { peerPort: 0 }],
  ['spec.routerID is "2001:db8::1": expected an IPv4 address', { routerID: '2001:db8::1' }],
  ['spec.holdTime is "2s": expected 0s, or at least 3s', { holdTime: '2s' }],
  ['spec.holdTime is "500ms": expected 0s, or at least 3s', { holdTime: '500ms' }],
  ['spec.passwordSecretRef.namespace is missing', { passwordSecretRef: { name: 'tor' } }],
  [
    'spec.sourceAddresses[0].address is "2001:db8::1": expected IPv4, as peerAddress is',
    sources(['n1', '2001:db8::1']),
  ],
  [
    'spec.sourceAddresses[1].nodeName is "n1": expected each once',
    sources(['n1', '172.16.1.11'], ['n1', '172.16.1.12']),
  ],
];
for (const [problem, spec] of WRONG_PEERS) {
  test(`a peer whose ${problem}`, () => {
    const [said = '', ...more] = problemsOf(peer({ ...LEAST, ...spec }));
    assert.ok(said.startsWith(`MetalLoadBalancerBGPPeer/tor: ${problem}`), said);
    assert.equal(more, []);
  });
}

test('a configuration with nothing but its mode is for no router', () => {
  assert.equal(parsedValue(configuration({})).spec, {
    ...{ nodeSelector: {}, peerNames: [], advertisements: [] },
  });
});

test('0 and none, which Deckhouse takes for nothing, are nothing', () => {
  const bgp = { communities: ['none', '64500:1'], localPref: 0, aggregationLength: 0 };
  const read = parsedValue(configuration({ advertisements: [{ poolNames: ['a'], bgp }] }));
  assert.equal(read.spec.advertisements, [
    {
      poolNames: ['a'],
      communities: ['64500:1'],
      localPref: undefined,
      aggregationLength: undefined,
    },
  ]);
});

const WRONG_CONFIGURATIONS: [string, Readonly<Record<string, unknown>>][] = [
  ['spec.mode is "L2": expected BGP', { mode: 'L2' }],
  ['spec.advertisements[0].poolNames is missing', { advertisements: [{}] }],
  [
    'spec.advertisements[0].bgp.aggregationLength is 129',
    { advertisements: [{ poolNames: [], bgp: { aggregationLength: 129 } }] },
  ],
  ['spec.bgp.peerNames[0] is ""', { bgp: { peerNames: [''] } }],
];
for (const [problem, spec] of WRONG_CONFIGURATIONS) {
  test(`a configuration whose ${problem}`, () => {
    const [said = ''] = problemsOf(configuration(spec));
    assert.ok(said.startsWith(`MetalLoadBalancerConfiguration/edge: ${problem}`), said);
  });
}

test.run();
