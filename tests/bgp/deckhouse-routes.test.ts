import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseBgpAdvertisement } from '../../modules/metallb/src/api/bgp-advertisement.ts';
import { parseBgpPeer } from '../../modules/metallb/src/api/bgp-peer.ts';
import { parseMetalLoadBalancerBgpPeer } from '../../modules/metallb/src/api/metal-load-balancer-bgp-peer.ts';
import { parseMetalLoadBalancerConfiguration } from '../../modules/metallb/src/api/metal-load-balancer-configuration.ts';
import { parseMetalLoadBalancerPool } from '../../modules/metallb/src/api/metal-load-balancer-pool.ts';
import { parseNode } from '../../modules/metallb/src/api/node.ts';
import { describeProblem } from '../../modules/metallb/src/api/problem.ts';
import {
  type BgpObjects,
  bgpApiOf,
  configurationProblems,
} from '../../modules/metallb/src/bgp/bgp-api.ts';
import { Hosts } from '../../modules/metallb/src/bgp/hosts.ts';
import { peersOfNode, routeAdvertisements } from '../../modules/metallb/src/bgp/metallb-routes.ts';
import { ListedPools } from '../../modules/metallb/src/metallb/listed-pools.ts';
import { metalLoadBalancerPool } from '../support/metallb-objects.ts';
import { parsedValue } from '../support/parsed.ts';

/** Cases 31 to 40 of Deckhouse's module, 54 and 55; 41 to 44 are tests/migration/migrate-bgp.test.ts. */

type Spec = Readonly<Record<string, unknown>>;

function object(kind: string, name: string, spec: Spec) {
  return { apiVersion: 'network.deckhouse.io/v1alpha1', kind, metadata: { name }, spec };
}

const LEAST = { peerAddress: '172.16.1.1', peerASN: 64_600, myASN: 64_601 };
const router = (name: string, spec: Spec = {}) =>
  parsedValue(
    parseMetalLoadBalancerBgpPeer(object('MetalLoadBalancerBGPPeer', name, { ...LEAST, ...spec })),
  );
const configuration = (name: string, peerNames: readonly string[], spec: Spec = {}) =>
  parsedValue(
    parseMetalLoadBalancerConfiguration(
      object('MetalLoadBalancerConfiguration', name, { mode: 'BGP', bgp: { peerNames }, ...spec }),
    ),
  );
const pool = (name: string, spec: Spec = {}) =>
  parsedValue(parseMetalLoadBalancerPool(metalLoadBalancerPool(name, ['192.0.2.0/24'], spec)));
const node = (name: string, labels: Readonly<Record<string, string>> = {}) => {
  const all = { 'kubernetes.io/hostname': name, ...labels };
  return parsedValue(
    parseNode({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels: all } }),
  );
};

function objects(some: Partial<BgpObjects>): BgpObjects {
  return {
    ...{ peers: [], advertisements: [], communities: [], deckhousePeers: [], configurations: [] },
    ...some,
  };
}
const api = (some: Partial<BgpObjects>) => bgpApiOf(objects(some));
const namesOf = (all: readonly { readonly metadata: { readonly name: string } }[]) =>
  all.map(({ metadata }) => metadata.name);

const FRONTEND = { 'node-role.deckhouse.io/frontend': '' };
const ONE_POOL = [{ poolNames: ['public'] }];

test('31: an empty cluster has no peers and no advertisements', () => {
  assert.equal(api({}), { peers: [], advertisements: [], communities: [] });
});

const FULL = {
  deckhousePeers: [
    router('test-peer', {
      ...{ peerPort: 1179, routerID: '10.0.0.9', holdTime: '3s' },
      passwordSecretRef: { name: 'secret1', namespace: 'ns1' },
      sourceAddresses: [{ nodeName: 'node-1', address: '172.16.1.11' }],
    }),
  ],
  configurations: [
    configuration('test-config', ['test-peer'], {
      nodeSelector: FRONTEND,
      advertisements: [
        { poolNames: ['public'], bgp: { communities: ['1111:2222'], localPref: 100 } },
      ],
    }),
  ],
};

test('32: a router is a peer for each node that has an address for it, and one for all others', () => {
  const { peers } = api(FULL);
  assert.equal(namesOf(peers), ['test-peer-test-config', 'test-peer-test-config-node-node-1']);
  const [others, own] = peers;
  const alike = {
    ...{ myAsn: 64_601, peerAsn: 64_600, localAsn: undefined },
    neighbor: { address: '172.16.1.1' },
    ...{ peerPort: 1179, holdSeconds: 3, keepaliveSeconds: undefined, connectSeconds: undefined },
    ...{ routerId: '10.0.0.9', password: undefined, bfdProfile: undefined },
    passwordSecret: {
      ...{ name: 'secret1', namespace: 'ns1' },
      label: 'network.deckhouse.io/metallb-bgp-password',
    },
    ...{ enableGracefulRestart: false, ebgpMultiHop: true, vrf: undefined },
    dualStackAddressFamily: false,
    ...{ ttlSecurityHops: undefined, passive: false, longLivedStaleSeconds: undefined },
  };
  const selector = (operator: string) => [
    {
      matchLabels: FRONTEND,
      matchExpressions: [{ key: 'kubernetes.io/hostname', operator, values: ['node-1'] }],
    },
  ];
  assert.equal(own?.spec, {
    ...alike,
    ...{ sourceAddress: '172.16.1.11', nodeSelectors: selector('In') },
  });
  assert.equal(others?.spec, {
    ...alike,
    ...{ sourceAddress: undefined, nodeSelectors: selector('NotIn') },
  });
});

test('32: what is announced goes to these peers alone, from the nodes of the configuration', () => {
  const [advertisement, ...more] = api(FULL).advertisements;
  assert.equal(more, []);
  assert.is(advertisement?.metadata.name, 'test-config-adv-0');
  assert.equal(advertisement?.spec, {
    ...{ aggregationLength: 32, aggregationLengthV6: 128, localPref: 100 },
    ...{ communities: ['1111:2222'], ipAddressPools: ['public'], ipAddressPoolSelectors: [] },
    nodeSelectors: [{ matchLabels: FRONTEND, matchExpressions: [] }],
    serviceSelectors: [],
    peers: ['test-peer-test-config', 'test-peer-test-config-node-node-1'],
  });
});

test('33: pools count without any configuration, each under its name', () => {
  const pools = { IPAddressPool: [], MetalLoadBalancerPool: [pool('z-pool'), pool('a-pool')] };
  const names = [...new ListedPools(pools, ['d8-metallb']).all.values()].map(({ name }) => name);
  assert.equal(names.sort(), ['a-pool', 'z-pool']);
});

const TWO_CONFIGURATIONS = objects({
  deckhousePeers: [router('tor')],
  configurations: [
    configuration('everywhere', ['tor'], { advertisements: ONE_POOL }),
    configuration('edge', ['tor'], { nodeSelector: FRONTEND, advertisements: ONE_POOL }),
  ],
});

test('34: a configuration without node selector is for all nodes, whatever another one selects', () => {
  const all = bgpApiOf(TWO_CONFIGURATIONS);
  assert.equal(namesOf(peersOfNode(all, node('any'))), ['tor-everywhere']);
  assert.equal(namesOf(peersOfNode(all, node('n1', FRONTEND))), ['tor-edge', 'tor-everywhere']);
  const announcedBy = (labels: Readonly<Record<string, string>>) =>
    routeAdvertisements(
      { ...all, hosts: new Hosts([]) },
      { name: 'public', labels: {}, ranges: [] },
      {},
      node('n1', labels),
    ).map(({ name, peers }) => [name, ...(peers ?? [])]);
  assert.equal(announcedBy({}), [['everywhere-adv-0', 'tor-everywhere']]);
  assert.equal(announcedBy(FRONTEND), [
    ['edge-adv-0', 'tor-edge'],
    ['everywhere-adv-0', 'tor-everywhere'],
  ]);
});

test('35: a router that two configurations name is two peers', () => {
  assert.equal(namesOf(bgpApiOf(TWO_CONFIGURATIONS).peers), ['tor-edge', 'tor-everywhere']);
});

test('36: a router that nobody knows is said, and the others are peers', () => {
  const half = configuration('edge', ['gone', 'tor'], { advertisements: ONE_POOL });
  const all = objects({ deckhousePeers: [router('tor')], configurations: [half] });
  assert.equal(namesOf(bgpApiOf(all).peers), ['tor-edge']);
  assert.equal(bgpApiOf(all).advertisements[0]?.spec.peers, ['tor-edge']);
  assert.equal(configurationProblems(half, all).map(describeProblem), [
    'spec.bgp.peerNames[0] is "gone": expected the name of a MetalLoadBalancerBGPPeer that is in force',
  ]);
});

test('36: a configuration whose routers nobody knows announces nothing to the routers of others', () => {
  const peers = [
    parsedValue(
      parseBgpPeer({
        ...{ apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer', metadata: { name: 'other' } },
        spec: LEAST,
      }),
    ),
  ];
  for (const peerNames of [['gone'], []]) {
    const lost = configuration('edge', peerNames, { advertisements: ONE_POOL });
    const all = objects({ peers, configurations: [lost] });
    assert.equal(bgpApiOf(all).advertisements, []);
    assert.equal(namesOf(bgpApiOf(all).peers), ['other']);
    assert.is(configurationProblems(lost, all).length, 1);
  }
});

test('37: a peer with a password names the Secret and the label that it must have, known or not', () => {
  for (const { spec } of api(FULL).peers) {
    assert.equal(spec.passwordSecret, {
      ...{ name: 'secret1', namespace: 'ns1' },
      label: 'network.deckhouse.io/metallb-bgp-password',
    });
  }
});

test('38: what a router says of BFD has no effect', () => {
  const bfd = { detectMultiplier: 3, echoMode: true, minimumTTL: 254 };
  const all = { configurations: [configuration('edge', ['tor'])] };
  assert.equal(
    api({ ...all, deckhousePeers: [router('tor', { bfd })] }),
    api({ ...all, deckhousePeers: [router('tor')] }),
  );
});

test('39: of two addresses each is for its node, and the third node has neither', () => {
  const sourceAddresses = [
    { nodeName: 'n2', address: '172.16.1.12' },
    { nodeName: 'n1', address: '172.16.1.11' },
  ];
  const all = api({
    deckhousePeers: [router('tor', { sourceAddresses })],
    configurations: [configuration('edge', ['tor'])],
  });
  const seen = ['n1', 'n2', 'n3'].map((name) =>
    peersOfNode(all, node(name)).map(({ metadata, spec }) => [metadata.name, spec.sourceAddress]),
  );
  assert.equal(seen, [
    [['tor-edge-node-n1', '172.16.1.11']],
    [['tor-edge-node-n2', '172.16.1.12']],
    [['tor-edge', undefined]],
  ]);
  const others = all.peers.find(({ metadata }) => metadata.name === 'tor-edge');
  assert.equal(others?.spec.nodeSelectors[0]?.matchExpressions[0]?.values, ['n1', 'n2']);
});

test('39: a node with an address that is none of the configuration’s nodes has no session', () => {
  const sourceAddresses = [{ nodeName: 'n1', address: '172.16.1.11' }];
  const all = api({
    deckhousePeers: [router('tor', { sourceAddresses })],
    configurations: [configuration('edge', ['tor'], { nodeSelector: FRONTEND })],
  });
  assert.equal(peersOfNode(all, node('n1')), []);
  assert.equal(namesOf(peersOfNode(all, node('n1', FRONTEND))), ['tor-edge-node-n1']);
});

test('40: two configurations with one selector are for the same nodes', () => {
  const nodeSelector = FRONTEND;
  const all = api({
    deckhousePeers: [router('tor')],
    configurations: ['a', 'b'].map((name) => configuration(name, ['tor'], { nodeSelector })),
  });
  assert.equal(namesOf(peersOfNode(all, node('n1', FRONTEND))), ['tor-a', 'tor-b']);
  assert.equal(peersOfNode(all, node('n2')), []);
});

test('54: advertisements that say nothing, all, and some of it', () => {
  const advertisements = [
    { poolNames: ['a'] },
    {
      poolNames: ['a', 'b'],
      bgp: { communities: ['42:300', 'no-export'], localPref: 111, aggregationLength: 24 },
    },
    { poolNames: ['b'], bgp: { localPref: 0, aggregationLength: 64, communities: ['none'] } },
  ];
  const all = api({
    deckhousePeers: [router('tor')],
    configurations: [configuration('edge', ['tor'], { advertisements })],
  });
  const said = all.advertisements.map(({ metadata, spec }) => [
    ...[metadata.name, spec.ipAddressPools, spec.communities, spec.localPref],
    ...[spec.aggregationLength, spec.aggregationLengthV6, spec.nodeSelectors],
  ]);
  assert.equal(said, [
    ['edge-adv-0', ['a'], [], undefined, 32, 128, []],
    ['edge-adv-1', ['a', 'b'], ['42:300', 'no-export'], 111, 24, 128, []],
    ['edge-adv-2', ['b'], [], undefined, 32, 64, []],
  ]);
});

test('54, 55: a pool is for everybody with all of its addresses, unless it says otherwise', () => {
  const { autoAssign, avoidBuggyIps } = pool('a').spec;
  assert.equal([autoAssign, avoidBuggyIps], [true, false]);
  assert.is(pool('a', { autoAssign: false }).spec.autoAssign, false);
});

test('objects of MetalLB’s own API count beside them, and first where names are the same', () => {
  const metadata = { name: 'tor-edge', namespace: 'metallb-system' };
  const own = parsedValue(
    parseBgpPeer({ apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer', metadata, spec: LEAST }),
  );
  const ownAdvertisement = parsedValue(
    parseBgpAdvertisement({
      ...{ apiVersion: 'metallb.io/v1beta1', kind: 'BGPAdvertisement', metadata },
    }),
  );
  const edge = configuration('edge', ['spine', 'tor'], { advertisements: ONE_POOL });
  const all = objects({
    ...{ peers: [own], advertisements: [ownAdvertisement] },
    ...{ deckhousePeers: [router('tor'), router('spine')], configurations: [edge] },
  });
  const { peers, advertisements } = bgpApiOf(all);
  assert.equal(
    peers.map(({ metadata }) => [metadata.namespace, metadata.name]),
    [
      ['metallb-system', 'tor-edge'],
      [undefined, 'spine-edge'],
    ],
  );
  assert.equal(
    advertisements.map(({ spec }) => spec.peers),
    [[], ['spine-edge']],
  );
  assert.equal(configurationProblems(edge, all).map(describeProblem), [
    'spec.bgp.peerNames is "tor-edge": expected names that make no peer of a name that another one has',
  ]);
});

test.run();
