import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type AnnouncedIp,
  conflictOf,
  type RouteAdvertisement,
  type RoutePeer,
} from '../../modules/metallb/src/bgp/route-policy.ts';
import { ip } from '../support/addresses.ts';
import { advertisement, REFLECTOR, routesTo, SPINE } from '../support/route-model.ts';

function announced(text: string, ...advertisements: RouteAdvertisement[]): AnnouncedIp {
  return { ip: ip(text), advertisements };
}

function prefixesTo(peer: RoutePeer, ...ips: AnnouncedIp[]): string[] {
  return [...routesTo(peer, ips).keys()].sort();
}

test('an IP is announced whole, of each family', () => {
  const all = [
    announced('10.254.254.1', advertisement()),
    announced('2001:db8::1', advertisement()),
  ];
  assert.equal(prefixesTo(SPINE, ...all), ['10.254.254.1/32', '2001:db8::1/128']);
});

test('to another AS the path is the own AS, within it empty and with a local preference', () => {
  const [external] = [
    ...routesTo(SPINE, [announced('10.0.0.1', advertisement({ localPref: 111 }))]).values(),
  ];
  assert.equal(
    [external?.attributes.asPath, external?.attributes.localPref],
    [[64_500], undefined],
  );
  const [internal] = [
    ...routesTo(REFLECTOR, [announced('10.0.0.1', advertisement({ localPref: 111 }))]).values(),
  ];
  assert.equal([internal?.attributes.asPath, internal?.attributes.localPref], [[], 111]);
  const [plain] = [...routesTo(REFLECTOR, [announced('10.0.0.1', advertisement())]).values()];
  assert.is(plain?.attributes.localPref, 100);
});

test('a node that is about to withdraw says GRACEFUL_SHUTDOWN, and within the AS prefers everybody else', () => {
  const ips = [
    announced(
      '10.0.0.1',
      advertisement({ localPref: 111, communities: [{ kind: 'standard', value: 9 }] }),
    ),
  ];
  const [external] = [...routesTo({ ...SPINE, isLeaving: true }, ips).values()];
  assert.equal(external?.attributes.communities, [9, 0xffff_0000]);
  const [internal] = [...routesTo({ ...REFLECTOR, isLeaving: true }, ips).values()];
  assert.is(internal?.attributes.localPref, 0);
});

test('an advertisement that names peers is for those only', () => {
  const edge = advertisement({ peers: new Set(['edge']) });
  assert.equal(prefixesTo(SPINE, announced('10.0.0.1', edge)), []);
  assert.equal(
    prefixesTo(
      SPINE,
      announced('10.0.0.1', edge, advertisement({ aggregationLength: { IPv4: 24, IPv6: 128 } })),
    ),
    ['10.0.0.0/24'],
  );
});

test('many IPs in one aggregate are one route', () => {
  const aggregate = advertisement({ aggregationLength: { IPv4: 26, IPv6: 64 } });
  const ips = ['192.0.2.1', '192.0.2.60', '192.0.2.65', '2001:db8::1', '2001:db8::ffff'];
  assert.equal(prefixesTo(SPINE, ...ips.map((one) => announced(one, aggregate))), [
    '192.0.2.0/26',
    '192.0.2.64/26',
    '2001:db8::/64',
  ]);
});

test('communities of all advertisements of a prefix are joined, in one order and once each', () => {
  const first = advertisement({
    communities: [
      { kind: 'standard', value: 9 },
      { kind: 'large', value: [2, 0, 0] },
    ],
  });
  const second = advertisement({
    communities: [
      { kind: 'standard', value: 3 },
      { kind: 'standard', value: 9 },
      { kind: 'large', value: [1, 0, 5] },
    ],
  });
  const [route] = [...routesTo(SPINE, [announced('10.0.0.1', first, second)]).values()];
  assert.equal(route?.attributes.communities, [3, 9]);
  assert.equal(route?.attributes.largeCommunities, [
    [1, 0, 5],
    [2, 0, 0],
  ]);
});

const CONFLICTS: [string, boolean, Partial<RouteAdvertisement>, Partial<RouteAdvertisement>][] = [
  ['another localPref for the same prefix and peer', true, { localPref: 1 }, { localPref: 2 }],
  ['one without localPref beside one with', true, { localPref: 1 }, {}],
  ['the same localPref', false, { localPref: 1 }, { localPref: 1 }],
  [
    'another length',
    false,
    { localPref: 1 },
    { localPref: 2, aggregationLength: { IPv4: 24, IPv6: 128 } },
  ],
  [
    'another length of the other family only',
    true,
    { localPref: 1 },
    { localPref: 2, aggregationLength: { IPv4: 32, IPv6: 64 } },
  ],
  [
    'other peers',
    false,
    { localPref: 1, peers: new Set(['a']) },
    { localPref: 2, peers: new Set(['b']) },
  ],
  [
    'a peer that one of them names',
    true,
    { localPref: 1, peers: new Set(['spine']) },
    { localPref: 2 },
  ],
];
for (const [name, conflicts, one, other] of CONFLICTS) {
  test(`${name} is ${conflicts ? 'a' : 'no'} conflict`, () => {
    const both = announced(
      '10.0.0.1',
      advertisement({ name: 'a', ...one }),
      advertisement({ name: 'b', ...other }),
    );
    assert.is(conflictOf(both) !== undefined, conflicts);
    assert.is(routesTo(SPINE, [both]).size === 0, conflicts || one.peers?.has('a') === true);
  });
}

test('a conflict names both and what they say', () => {
  const both = announced(
    '10.0.0.1',
    advertisement({ name: 'a', localPref: 1 }),
    advertisement({ name: 'b' }),
  );
  assert.match(
    conflictOf(both) ?? '',
    'BGPAdvertisements a and b have another localPref (1, none)',
  );
});

const LINK_BANDWIDTH = 0x4004n << 48n;

test('of what can not be joined that counts which a router prefers, whichever comes first', () => {
  const ways = [
    advertisement({ name: 'a', asPathPrepend: 3, med: 20, linkBandwidth: 8_000 }),
    advertisement({ name: 'b', asPathPrepend: 1, med: 30, linkBandwidth: 16_000 }),
    advertisement({ name: 'c' }),
  ];
  for (const all of [ways, ways.toReversed()]) {
    const [route] = [...routesTo(SPINE, [announced('10.0.0.1', ...all)]).values()];
    const { asPath, med, extendedCommunities } = route?.attributes ?? {};
    assert.equal([asPath, med], [[64_500, 64_500], 20]);
    // 2,000 octets per second in IEEE 754.
    assert.equal(extendedCommunities, [LINK_BANDWIDTH | (64_500n << 32n) | 0x44fa_0000n]);
  }
});

test('within the AS the path stays empty, and an AS number of four octets is AS_TRANS beside the bandwidth', () => {
  const one = advertisement({ asPathPrepend: 3, linkBandwidth: 8 });
  const peer = { ...REFLECTOR, asn: 4_200_000_000 };
  const [route] = [...routesTo(peer, [announced('10.0.0.1', one)]).values()];
  const { asPath, extendedCommunities } = route?.attributes ?? {};
  assert.equal(asPath, []);
  assert.equal(extendedCommunities, [LINK_BANDWIDTH | (23_456n << 32n) | 0x3f80_0000n]);
});

test.run();
