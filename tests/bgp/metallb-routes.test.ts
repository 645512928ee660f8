import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseBgpAdvertisement } from '../../modules/metallb/src/api/bgp-advertisement.ts';
import { parseBgpPeer } from '../../modules/metallb/src/api/bgp-peer.ts';
import { parseCommunityObject } from '../../modules/metallb/src/api/community.ts';
import { parseNode } from '../../modules/metallb/src/api/node.ts';
import type { Parsed } from '../../modules/metallb/src/api/problem.ts';
import { Hosts, hostsOf } from '../../modules/metallb/src/bgp/hosts.ts';
import {
  faultOfAggregates,
  peersOfNode,
  type RoutedApi,
  routeAdvertisements,
  unknownCommunities,
} from '../../modules/metallb/src/bgp/metallb-routes.ts';
import { type IpRange, parseRange } from '../../modules/metallb/src/net/range.ts';

function readValue<T>(parsed: Parsed<T>): T {
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

function object(kind: string, name: string, spec: unknown, version = 'v1beta1') {
  const metadata = { name, namespace: 'metallb-system' };
  return { apiVersion: `metallb.io/${version}`, kind, metadata, spec };
}

const advertisement = (name: string, spec: unknown = {}) =>
  readValue(parseBgpAdvertisement(object('BGPAdvertisement', name, spec)));
const peer = (name: string, spec: Readonly<Record<string, unknown>> = {}) => {
  const all = { myASN: 64_500, peerASN: 64_501, peerAddress: '172.16.1.1', ...spec };
  return readValue(parseBgpPeer(object('BGPPeer', name, all, 'v1beta2')));
};
const node = (labels: Readonly<Record<string, string>>) =>
  readValue(parseNode({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', labels } }));

const NO_HOSTS = new Hosts([]);
const EDGE = { matchLabels: { role: 'edge' } };
const COMMUNITIES = readValue(
  parseCommunityObject(
    object('Community', 'all', { communities: [{ name: 'vpn', value: '64500:100' }] }),
  ),
);
const POOL = {
  name: 'public',
  labels: { tier: 'gold' },
  ranges: ranges('192.0.2.0/25', '2001:db8::/64'),
};

function ranges(...texts: readonly string[]): IpRange[] {
  return texts.map((text) => parseRange(text)).filter((range) => typeof range !== 'string');
}

function api(changes: Partial<RoutedApi>): RoutedApi {
  const nothing = { peers: [], advertisements: [], hosts: NO_HOSTS };
  return { ...nothing, communities: [COMMUNITIES], ...changes };
}

test('a node has sessions with the peers that select it, and with those that select nobody', () => {
  const peers = [peer('tor'), peer('spine', { nodeSelectors: [EDGE] })];
  const namesFor = (labels: Readonly<Record<string, string>>) =>
    peersOfNode(api({ peers }), node(labels)).map(({ metadata }) => metadata.name);
  assert.equal(namesFor({}), ['tor']);
  assert.equal(namesFor({ role: 'edge' }), ['tor', 'spine']);
});

const APPLIES: [string, boolean, unknown][] = [
  ['that says nothing', true, {}],
  ['of the pool by name', true, { ipAddressPools: ['public'] }],
  ['of another pool', false, { ipAddressPools: ['private'] }],
  ['of the pool by label', true, { ipAddressPoolSelectors: [{ matchLabels: { tier: 'gold' } }] }],
  ['for other nodes', false, { nodeSelectors: [{ matchLabels: { role: 'core' } }] }],
  ['for this node', true, { nodeSelectors: [EDGE] }],
  ['for other Services', false, { serviceSelectors: [{ matchLabels: { app: 'mail' } }] }],
  ['for this Service', true, { serviceSelectors: [{ matchLabels: { app: 'web' } }] }],
];
for (const [name, applies, spec] of APPLIES) {
  test(`an advertisement ${name} ${applies ? 'applies' : 'does not apply'}`, () => {
    const all = api({ advertisements: [advertisement('one', spec)] });
    const found = routeAdvertisements(all, POOL, { app: 'web' }, node({ role: 'edge' }));
    assert.is(found.length, applies ? 1 : 0);
  });
}

test('communities are values or names of Community objects', () => {
  const one = advertisement('one', { communities: ['vpn', '64500:7'], peers: ['tor'] });
  const all = api({ advertisements: [one] });
  const [route] = routeAdvertisements(all, POOL, {}, node({}));
  assert.equal(
    route?.communities.map(({ value }) => value),
    [64_500 * 65_536 + 100, 64_500 * 65_536 + 7],
  );
  assert.equal([...(route?.peers ?? [])], ['tor']);
  assert.equal(unknownCommunities(one, all), []);
});

test('nothing is announced with a community that nobody defines: what it would have kept in is not known', () => {
  const one = advertisement('one', { communities: ['vpn', 'gone'] });
  const all = api({ advertisements: [one] });
  assert.equal(routeAdvertisements(all, POOL, {}, node({})), []);
  assert.equal(unknownCommunities(one, all), ['gone']);
});

const AGGREGATES: [string, unknown, string | undefined][] = [
  ['whole addresses', {}, undefined],
  ['as wide as the pool', { aggregationLength: 25, aggregationLengthV6: 64 }, undefined],
  [
    'wider than the pool',
    { aggregationLength: 24 },
    'spec.aggregationLength is 24: expected at least 25',
  ],
  [
    'wider than the pool in IPv6',
    { aggregationLengthV6: 48 },
    'spec.aggregationLengthV6 is 48: expected at least 64',
  ],
];
for (const [name, spec, fault] of AGGREGATES) {
  test(`an aggregate ${name} is ${fault === undefined ? 'right' : 'wrong'}`, () => {
    const found = faultOfAggregates(advertisement('one', spec), POOL, NO_HOSTS)?.words;
    assert.is(found === undefined, fault === undefined);
    assert.match(found ?? '', fault ?? '');
  });
}

const RANGES: [string, string[], number][] = [
  ['of a range the widest prefix that fits into it counts', ['192.0.2.1-192.0.2.6'], 31],
  ['of several each must hold its aggregates', ['192.0.2.0/25', '198.51.100.1'], 32],
];
for (const [name, texts, least] of RANGES) {
  test(name, () => {
    const pool = { ...POOL, ranges: ranges(...texts) };
    const found = (aggregationLength: number) =>
      faultOfAggregates(advertisement('one', { aggregationLength }), pool, NO_HOSTS)?.words;
    assert.match(found(least - 1) ?? '', `at least ${least}`);
    assert.is(found(least), undefined);
  });
}

test('nothing is announced in aggregates that cover a node or a router', () => {
  const hosts = hostsOf([peer('tor', { peerAddress: '192.0.2.1' })], []);
  const one = advertisement('one', { aggregationLength: 25 });
  const other = advertisement('other', { aggregationLength: 26 });
  const pool = { ...POOL, ranges: ranges('192.0.2.0/25') };
  assert.is(
    faultOfAggregates(one, pool, hosts)?.words,
    'BGPAdvertisement/metallb-system/one: spec.aggregationLength is 25: expected at least 32, as the aggregate 192.0.2.0/25 of pool public covers 192.0.2.1, address of BGPPeer metallb-system/tor, which routers would no longer find',
  );
  assert.equal(routeAdvertisements(api({ advertisements: [one], hosts }), pool, {}, node({})), []);
  const elsewhere = { ...pool, ranges: ranges('192.0.2.64/26') };
  const found = routeAdvertisements(
    api({ advertisements: [other], hosts }),
    elsewhere,
    {},
    node({}),
  );
  assert.is(found.length, 1);
});

test.run();
