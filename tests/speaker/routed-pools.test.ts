import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ShownPools, shownPools } from '../../modules/metallb/src/linux/served-pools.ts';
import { parseRange } from '../../modules/metallb/src/net/range.ts';
import { ClusterView } from '../../modules/metallb/src/speaker/cluster-view.ts';
import { routedPools } from '../../modules/metallb/src/speaker/routed-pools.ts';
import { besides } from '../../modules/metallb/src/speaker/served-pools.ts';
import { StoreFeed } from '../../modules/metallb/src/speaker/store-feed.ts';
import { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import type { NewObject } from '../../modules/metallb/src/store/store.ts';
import { addressPool } from '../support/announced-objects.ts';
import { balancerClass, METALLB } from '../support/cluster.ts';
import { FakeClock } from '../support/fake-clock.ts';

const PUBLIC = '203.0.113.0-203.0.113.255';
const UPLINKS = [
  { peer: 'spine', interface: 'eth1' },
  { peer: 'spine2', interface: 'eth1' },
  { peer: 'edge', interface: 'eth0' },
];
const LABELS = { role: 'ingress' };

function advertisement(name: string, spec: object = {}): NewObject {
  const metadata = { name, namespace: 'metallb-system' };
  return { apiVersion: 'metallb.io/v1beta1', kind: 'BGPAdvertisement', metadata, spec };
}

async function poolsOf(...objects: readonly NewObject[]): Promise<ShownPools[]> {
  const store = new MemoryStore(new FakeClock());
  const view = new ClusterView({ ...METALLB, hasBgp: true });
  const ignored = () => undefined;
  const feed = new StoreFeed(store, view, {
    ...{ onChange: ignored, onStatusChange: ignored, onProblem: ignored, onConfiguration: ignored },
  });
  for (const object of [addressPool('public'), ...objects]) store.put(object);
  feed.start();
  await store.start();
  await new Promise((resolve) => setImmediate(resolve));
  return shownPools(routedPools(view, { labels: LABELS }, UPLINKS));
}

const rows: [name: string, object: NewObject, interfaces: string[]][] = [
  ['an advertisement of all pools to all routers', advertisement('far'), ['eth0', 'eth1']],
  ['one to a router', advertisement('far', { peers: ['edge'] }), ['eth0']],
  ['one to a router that is none of this node', advertisement('far', { peers: ['other'] }), []],
  ['one of another pool', advertisement('far', { ipAddressPools: ['private'] }), []],
  [
    'one for some Services: any IP may be one of theirs',
    advertisement('far', { serviceSelectors: [{ matchLabels: { app: 'mail' } }] }),
    ['eth0', 'eth1'],
  ],
  [
    'one of other nodes',
    advertisement('far', { nodeSelectors: [{ matchLabels: { role: 'storage' } }] }),
    [],
  ],
];
for (const [name, object, interfaces] of rows) {
  test(`pools that routers send packets for: ${name}`, async () => {
    const expected = interfaces.map((each) => ({
      ...{ interface: each, protocol: 'bgp', pools: [PUBLIC] },
    }));
    assert.equal(await poolsOf(object), expected);
  });
}

const classRows: [name: string, spec: object, interfaces: string[]][] = [
  ['for BGP', { type: 'BGP' }, ['eth0', 'eth1']],
  ['for both', { type: 'L2AndBGP', bgp: { peers: ['spine'] } }, ['eth1']],
  ['for ARP and NDP alone', { type: 'L2' }, []],
  ['of other nodes', { type: 'BGP', nodeSelector: { role: 'storage' } }, []],
];
for (const [name, spec, interfaces] of classRows) {
  test(`addresses of a class ${name}`, async () => {
    const given = { nodeSelector: LABELS, addressPool: ['198.51.100.0/28'], ...spec };
    const pools = await poolsOf(balancerClass('far', {}, given));
    assert.equal(
      pools.map((each) => `${each.interface} ${each.pools}`),
      interfaces.map((each) => `${each} 198.51.100.0-198.51.100.15`),
    );
  });
}

test('what is announced by ARP and NDP on the same interface is not named twice', () => {
  const pool = (text: string) => [parseRange(text)].filter((range) => typeof range !== 'string');
  const [one, other] = [pool('192.0.2.0/24'), pool('198.51.100.0/24')];
  const own = [{ interface: 'eth0', protocol: 'layer2', pools: one }] as const;
  const routed = [
    { interface: 'eth0', protocol: 'bgp', pools: [...one, ...other] },
    { interface: 'eth1', protocol: 'bgp', pools: one },
  ] as const;
  assert.equal(besides(routed, own), [
    { interface: 'eth0', protocol: 'bgp', pools: other },
    { interface: 'eth1', protocol: 'bgp', pools: one },
  ]);
  assert.equal(besides(routed.slice(0, 0), own), []);
  const same = [{ interface: 'eth0', protocol: 'bgp', pools: one }] as const;
  assert.equal(besides(same, own), []);
});

test.run();
