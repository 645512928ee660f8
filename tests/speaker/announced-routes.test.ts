import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NewObject } from '../../modules/metallb/src/store/store.ts';
import { ip } from '../support/addresses.ts';
import { addressPool, advertisement, announcedService } from '../support/announced-objects.ts';
import { balancerNode, publishedService, sliceOf } from '../support/cluster.ts';
import {
  bgp,
  bgpClass,
  child,
  RoutesFixture as Fixture,
  IP,
  onN2,
  published,
  served,
} from '../support/routes-fixture.ts';

const OTHER_IP = ip('203.0.113.2');
const READY = { addresses: ['10.244.0.1'], conditions: { ready: true } };
const TERMINATING = {
  addresses: ['10.244.0.1'],
  conditions: { ready: false, serving: true, terminating: true },
};

const web = (wish = {}) => announcedService('web', [IP], wish);
const onN1 = { ...READY, nodeName: 'n1' };

test('an IP is announced where an advertisement selects its pool, its Service and the node', async () => {
  const rows = [
    [{}, true],
    [{ ipAddressPools: ['public'] }, true],
    [{ ipAddressPools: ['other'] }, false],
    [{ serviceSelectors: [{ matchLabels: { app: 'web' } }] }, true],
    [{ serviceSelectors: [{ matchLabels: { app: 'api' } }] }, false],
    [{ nodeSelectors: [{ matchLabels: { role: 'ingress' } }] }, true],
    [{ nodeSelectors: [{ matchLabels: { role: 'storage' } }] }, false],
  ] as const;
  for (const [spec, isAnnounced] of rows) {
    const labelled = web({ labels: { app: 'web' } });
    const fixture = await Fixture.of(bgp('BGPAdvertisement', 'far', spec), labelled, served(onN2));
    const wanted = isAnnounced ? { [IP]: ['metallb-system/far'] } : {};
    assert.equal(fixture.take(), wanted, JSON.stringify(spec));
  }
});

test('an object of a namespace that does not count announces nothing', async () => {
  const fixture = await Fixture.of(
    bgp('BGPAdvertisement', 'far', {}, 'default'),
    web(),
    served(onN2),
  );
  assert.equal(fixture.take(), {});
});

test('of two peers of one name, that of the first namespace that counts is the one', async () => {
  const router = (namespace: string, peerAddress: string) => ({
    ...{ apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer', metadata: { name: 'tor', namespace } },
    spec: { myASN: 64_500, peerASN: 64_501, peerAddress },
  });
  const [own, old] = [router('metallb-system', '10.9.0.1'), router('old', '10.9.0.2')];
  for (const objects of [
    [own, old],
    [old, own],
  ]) {
    const { view } = await Fixture.of(...objects);
    assert.equal(
      view.metallb.bgp.api.peers.map(({ spec }) => spec.neighbor),
      [{ address: '10.9.0.1' }],
    );
  }
});

test('a new IP waits for kube-proxy and the healthCheckNodePort of policy Local, one that is announced does not', async () => {
  const spec = { externalTrafficPolicy: 'Local', healthCheckNodePort: 30_001 };
  const fixture = await Fixture.of(
    ...[bgp('BGPAdvertisement', 'far'), web({ spec }), served(onN1)],
  );
  fixture.held.set(IP, []);
  assert.equal(fixture.take(), {});
  assert.equal(fixture.held.get(IP), [30_001]);
  fixture.routes.release([IP]);
  assert.equal(fixture.take(), {}, 'not yet by what is asked');
  fixture.held.clear();
  assert.equal(fixture.take(), {}, 'nobody has said so');
  fixture.held.set(IP, []);
  await fixture.change(served(onN1, onN2));
  assert.equal(fixture.take(), {});
  fixture.held.clear();
  fixture.routes.release([IP]);
  assert.equal(fixture.take(), { [IP]: ['metallb-system/far'] });
  fixture.held.set(IP, []);
  await fixture.change(served(onN1));
  assert.equal(fixture.take(), { [IP]: ['metallb-system/far'] }, 'it is announced already');
});

test('with eTP Cluster some endpoint must serve, with Local one of this node; one that still serves is enough', async () => {
  const announced = async (spec: object, ...endpoints: object[]) => {
    const fixture = await Fixture.of(
      bgp('BGPAdvertisement', 'far'),
      web({ spec }),
      served(...endpoints),
    );
    return (fixture.take()[IP] ?? []).length > 0;
  };
  const local = { externalTrafficPolicy: 'Local' };
  assert.is(await announced({}), false);
  assert.is(await announced({}, onN2), true);
  assert.is(await announced(local, onN2), false);
  assert.is(await announced(local, onN1), true);
  assert.is(await announced(local, { ...TERMINATING, nodeName: 'n1' }), true);
});

test('a bandwidth is that of all endpoints of this node, and under Cluster that of one', async () => {
  const fast = {
    ...bgp('BGPAdvertisement', 'far'),
    metadata: {
      ...{ name: 'far', namespace: 'metallb-system' },
      annotations: { 'network.deckhouse.io/bgp-link-bandwidth': '10G' },
    },
  };
  const local = { externalTrafficPolicy: 'Local' };
  const fixture = await Fixture.of(fast, web({ spec: local }), served(onN1, onN1, onN2));
  const bandwidths = () => [...fixture.routes.take(false).changes.values()].flat();
  const told = () => bandwidths().map(({ linkBandwidth }) => linkBandwidth);
  assert.equal(told(), [20e9]);
  await fixture.change(served(onN1, onN2));
  assert.equal(told(), [10e9]);
  await fixture.change(web());
  await fixture.change(served(onN1, onN1, onN1));
  assert.equal(told(), [10e9]);
});

test('each family of a Service is announced from where endpoints of it are', async () => {
  const six = ip('2001:db8::1');
  const both = addressPool('public', { addresses: ['203.0.113.0/24', '2001:db8::/64'] });
  const slice = served(onN2);
  const ofSix = (...endpoints: object[]) => ({
    ...slice,
    ...{ metadata: { ...slice.metadata, name: 'web-6' }, addressType: 'IPv6', endpoints },
  });
  const spec = { externalTrafficPolicy: 'Local' };
  const service = announcedService('web', [IP, six], { spec });
  const far = bgp('BGPAdvertisement', 'far');
  const fixture = await Fixture.of(far, both, service, served(onN1), ofSix(onN2));
  const name = ['metallb-system/far'];
  assert.equal(fixture.take(), { [IP]: name });
  await fixture.change(ofSix(onN1));
  assert.equal(fixture.take(), { [IP]: name, [six]: name });
  await fixture.change(served(onN2));
  assert.equal(fixture.take(), { [IP]: [], [six]: name });
  await fixture.change(announcedService('web', [IP, six]));
  assert.equal(fixture.take(), { [IP]: name, [six]: name }, 'any node reaches n2');
  await fixture.change(ofSix());
  assert.equal(fixture.take(), { [IP]: name, [six]: [] });
});

test('an advertisement that would say less than is meant, or of more than is here, announces nothing', async () => {
  const announced = async (spec: object, policy: string, ...more: NewObject[]) => {
    const service = web({ spec: { externalTrafficPolicy: policy } });
    const far = bgp('BGPAdvertisement', 'far', spec);
    const fixture = await Fixture.of(far, service, served(onN1), ...more);
    return (fixture.take()[IP] ?? []).length > 0;
  };
  const names = { communities: [{ name: 'vip', value: '64500:1' }] };
  assert.is(await announced({ communities: ['vip'] }, 'Cluster'), false);
  assert.is(
    await announced({ communities: ['vip'] }, 'Cluster', bgp('Community', 'c', names)),
    true,
  );
  assert.is(await announced({ aggregationLength: 24 }, 'Cluster'), true);
  assert.is(await announced({ aggregationLength: 23 }, 'Cluster'), false, 'wider than its pool');
  assert.is(await announced({ aggregationLength: 24 }, 'Local'), false, 'not all of it is here');
});

test('only what may be otherwise is told again', async () => {
  const fixture = await Fixture.of(
    ...[bgp('BGPAdvertisement', 'far'), web(), served(onN1)],
    ...[announcedService('api', [OTHER_IP]), sliceOf('api', [onN1])],
  );
  const far = ['metallb-system/far'];
  assert.equal(fixture.take(), { [OTHER_IP]: far, [IP]: far });
  assert.equal(fixture.take(), {});
  await fixture.change(served());
  assert.equal(fixture.take(), { [IP]: [] });
  await fixture.change(served(onN2));
  assert.equal(fixture.take(), { [IP]: far });
  await fixture.remove('web');
  assert.equal(fixture.take(), { [IP]: [] });
});

test('a node whose network is away announces nothing until it is back', async () => {
  const fixture = await Fixture.of(bgp('BGPAdvertisement', 'far'), web(), served(onN2));
  assert.equal(fixture.take(), { [IP]: ['metallb-system/far'] });
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  const away = { type: 'NetworkUnavailable', status: 'True', lastTransitionTime };
  await fixture.change(balancerNode('n1', { conditions: [away] }));
  assert.equal(fixture.take(), { [IP]: [] });
  await fixture.change(balancerNode('n1'));
  assert.equal(fixture.take(), { [IP]: ['metallb-system/far'] });
  assert.equal(fixture.take(true), { [IP]: [] });
  assert.equal(fixture.take(false), { [IP]: ['metallb-system/far'] });
});

test('Services that share an IP announce it for each other: once for each advertisement', async () => {
  const selective = { serviceSelectors: [{ matchLabels: { app: 'api' } }] };
  const fixture = await Fixture.of(
    ...[bgp('BGPAdvertisement', 'all'), bgp('BGPAdvertisement', 'api', selective)],
    ...[web(), served(onN2), sliceOf('api', [onN2])],
    announcedService('api', [IP], { labels: { app: 'api' } }),
  );
  assert.equal(fixture.take(), { [IP]: ['metallb-system/all', 'metallb-system/api'] });
  await fixture.remove('api');
  assert.equal(fixture.take(), { [IP]: ['metallb-system/all'] });
});

test('the IPs of a class are announced by the nodes of its group, by what its spec.bgp says', async () => {
  const announced = async (...objects: NewObject[]) => {
    const fixture = await Fixture.of(child(), published(), served(onN2), ...objects);
    return fixture.take()[IP];
  };
  assert.equal(await announced(bgpClass()), ['ingress']);
  assert.equal(await announced(bgpClass({ type: 'L2AndBGP' })), ['ingress']);
  assert.is(await announced(bgpClass({ type: 'L2' })), undefined);
  assert.is(await announced(bgpClass({ nodeSelector: { role: 'storage' } })), undefined);
  assert.is(await announced(bgpClass({ bgp: { communities: ['nobody'] } })), undefined);
  assert.is(await announced(bgpClass(), served()), undefined, 'nobody serves it');
  const unpublished = publishedService('web', []);
  assert.is(await announced(bgpClass(), unpublished), undefined, 'kube-proxy does not know it');
});

const at = (address: string) => ({
  ...balancerNode('n2'),
  status: { addresses: [{ type: 'InternalIP', address }] },
});
const routerAt = (peerAddress: string) => ({
  ...bgp('BGPPeer', 'tor', { myASN: 64_500, peerASN: 64_501, peerAddress }),
  apiVersion: 'metallb.io/v1beta2',
});
const SPANNING = { addressPool: ['203.0.113.0/24'], bgp: { aggregationLength: 24 } };
const AGGREGATES: [string, NewObject[], string][] = [
  [
    'an advertisement',
    [bgp('BGPAdvertisement', 'far', { aggregationLength: 24 }), web()],
    'metallb-system/far',
  ],
  ['a class', [bgpClass(SPANNING), child(), published()], 'ingress'],
];
for (const [name, objects, by] of AGGREGATES) {
  test(`aggregates of ${name} are announced until they would cover a node or a router`, async () => {
    const fixture = await Fixture.of(served(onN2), at('10.0.0.2'), ...objects);
    assert.equal(fixture.take(), { [IP]: [by] });
    await fixture.change(at('203.0.113.200'));
    assert.equal(fixture.take(), { [IP]: [] });
    await fixture.change(at('10.0.0.2'));
    assert.equal(fixture.take(), { [IP]: [by] });
    await fixture.change(routerAt('203.0.113.201'));
    assert.equal(fixture.take(), { [IP]: [] });
    await fixture.change(routerAt('10.0.0.3'));
    assert.equal(fixture.take(), { [IP]: [by] });
  });
}

test('nobody is missed on segments where BGP alone announces a pool, and somebody is where nothing does', async () => {
  const refusals = async (...objects: NewObject[]) => {
    const { view } = await Fixture.of(web(), served(onN2), ...objects);
    view.takeStale();
    return view.holdingsOf(IP).map(({ refusal }) => refusal !== undefined);
  };
  assert.equal(await refusals(), [true]);
  assert.equal(await refusals(bgp('BGPAdvertisement', 'far')), []);
  assert.equal(await refusals(bgp('BGPAdvertisement', 'far', { ipAddressPools: ['other'] })), [
    true,
  ]);
  assert.equal(await refusals(bgp('BGPAdvertisement', 'far'), advertisement('near')), [false]);
});

test.run();
