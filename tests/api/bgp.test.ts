import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseBfdProfile } from '../../modules/metallb/src/api/bfd-profile.ts';
import { parseBgpAdvertisement } from '../../modules/metallb/src/api/bgp-advertisement.ts';
import { parseBgpPeer } from '../../modules/metallb/src/api/bgp-peer.ts';
import { parseCommunity, parseCommunityObject } from '../../modules/metallb/src/api/community.ts';
import { describeProblem, type Parsed } from '../../modules/metallb/src/api/problem.ts';

const METADATA = { name: 'tor', namespace: 'metallb-system' };
const PEER = { myASN: 64_500, peerASN: 64_501, peerAddress: '172.16.1.1' };

function peer(spec: Readonly<Record<string, unknown>>, apiVersion = 'metallb.io/v1beta2') {
  return parseBgpPeer({ apiVersion, kind: 'BGPPeer', metadata: METADATA, spec });
}

function problemsOf(parsed: Parsed<unknown>): string[] {
  return parsed.ok ? [] : parsed.problems.map(describeProblem);
}

test('a peer with what it needs and nothing else has MetalLB’s defaults', () => {
  for (const apiVersion of ['metallb.io/v1beta1', 'metallb.io/v1beta2']) {
    const read = peer(PEER, apiVersion);
    assert.ok(read.ok);
    assert.equal(read.ok && read.value.spec, {
      ...{ myAsn: 64_500, peerAsn: 64_501, localAsn: undefined },
      neighbor: { address: '172.16.1.1' },
      ...{ sourceAddress: undefined, peerPort: 179, holdSeconds: 90, keepaliveSeconds: undefined },
      ...{ connectSeconds: undefined, routerId: undefined, nodeSelectors: [], password: undefined },
      ...{ passwordSecret: undefined, bfdProfile: undefined, enableGracefulRestart: false },
      ...{ ebgpMultiHop: false, vrf: undefined, dualStackAddressFamily: false },
      ...{ ttlSecurityHops: undefined, passive: false, longLivedStaleSeconds: undefined },
    });
  }
});

test('empty fields, as editors and old objects leave them, mean nothing', () => {
  const empty = {
    sourceAddress: '',
    bfdProfile: '',
    password: '',
    passwordSecret: {},
    vrf: '',
    peerPort: 0,
  };
  assert.equal(peer({ ...PEER, ...empty }), peer(PEER));
});

test('of hold time and keepalive time each follows from the other', () => {
  const read = peer({ ...PEER, keepaliveTime: '10s' });
  assert.is(read.ok && read.value.spec.holdSeconds, 30);
  const both = peer({ ...PEER, holdTime: '1m30s', keepaliveTime: '5s' });
  assert.equal(both.ok && [both.value.spec.holdSeconds, both.value.spec.keepaliveSeconds], [90, 5]);
  assert.is(
    (peer({ ...PEER, holdTime: '0s' }) as { value: { spec: { holdSeconds: number } } }).value.spec
      .holdSeconds,
    0,
  );
});

const WRONG_PEERS: [string, Readonly<Record<string, unknown>>][] = [
  [
    'spec.myASN is missing: expected an integer from 1 to 4294967295',
    { ...PEER, myASN: undefined },
  ],
  ['spec.peerASN is missing: expected either this or dynamicASN', { ...PEER, peerASN: undefined }],
  [
    'spec.peerASN is 64501: expected either this or dynamicASN',
    { ...PEER, dynamicASN: 'external' },
  ],
  [
    'spec.peerAddress is missing: expected either this or interface',
    { ...PEER, peerAddress: undefined },
  ],
  [
    'spec.peerAddress is "172.16.1.1": expected either this or interface',
    { ...PEER, interface: 'eth1' },
  ],
  ['spec.holdTime is "2s": expected 0s, or at least 3s', { ...PEER, holdTime: '2s' }],
  [
    'spec.holdTime is "soon": expected a duration such as 90s or 1m30s, at most 65535s',
    { ...PEER, holdTime: 'soon' },
  ],
  [
    'spec.keepaliveTime is "30s": expected at most holdTime, 9s',
    { ...PEER, holdTime: '9s', keepaliveTime: '30s' },
  ],
  [
    'spec.ebgpMultiHop is true: expected false within one AS: iBGP has no limit of hops',
    { ...PEER, peerASN: 64_500, ebgpMultiHop: true },
  ],
  [
    'spec.passwordSecret is "tor": expected either this or password',
    { ...PEER, password: 'x', passwordSecret: { name: 'tor' } },
  ],
  ['spec.connectTime is "0s": expected at least 1s', { ...PEER, connectTime: '0s' }],
  [
    'spec.routerID is "2001:db8::1": expected an IPv4 address',
    { ...PEER, routerID: '2001:db8::1' },
  ],
];
for (const [problem, spec] of WRONG_PEERS) {
  test(`a peer is refused where ${problem}`, () => assert.equal(problemsOf(peer(spec)), [problem]));
}

test('no password is ever shown', () => {
  const problems = problemsOf(peer({ ...PEER, password: 12_345 }));
  assert.equal(problems, ['spec.password is "(hidden)": expected a string']);
});

function advertisement(spec: Readonly<Record<string, unknown>>) {
  return parseBgpAdvertisement({
    ...{ apiVersion: 'metallb.io/v1beta1', kind: 'BGPAdvertisement', metadata: METADATA },
    spec,
  });
}

test('an advertisement of nothing but itself announces whole addresses to everybody', () => {
  const read = advertisement({});
  assert.equal(read.ok && read.value.spec, {
    ...{ aggregationLength: 32, aggregationLengthV6: 128, localPref: undefined },
    ...{ communities: [], ipAddressPools: [], ipAddressPoolSelectors: [], nodeSelectors: [] },
    ...{ serviceSelectors: [], peers: [] },
    ...{ asPathPrepend: undefined, med: undefined, linkBandwidth: undefined },
  });
});

test('a string where a list of pools belongs is refused by name', () => {
  assert.equal(problemsOf(advertisement({ ipAddressPools: '-bgp-pool' })), [
    'spec.ipAddressPools is "-bgp-pool": expected a list',
  ]);
});

test('an aggregate that would stand for other Services is refused', () => {
  const selector = [{ matchLabels: { app: 'web' } }];
  const problems = problemsOf(advertisement({ aggregationLength: 24, serviceSelectors: selector }));
  assert.is(problems.length, 1);
  assert.match(problems[0] ?? '', 'spec.aggregationLength is 24: expected the whole address');
});

test('a BFD profile has FRR’s defaults and MetalLB’s limits', () => {
  const profile = (spec: unknown) =>
    parseBfdProfile({
      apiVersion: 'metallb.io/v1beta1',
      kind: 'BFDProfile',
      metadata: METADATA,
      spec,
    });
  const read = profile({});
  assert.equal(
    read.ok && [read.value.spec.receiveInterval, read.value.spec.detectMultiplier],
    [300, 3],
  );
  assert.equal(problemsOf(profile({ receiveInterval: 5, detectMultiplier: 1 })), [
    'spec.receiveInterval is 5: expected an integer from 10 to 60000',
    'spec.detectMultiplier is 1: expected an integer from 2 to 255',
  ]);
});

const COMMUNITIES: [string, ReturnType<typeof parseCommunity>][] = [
  ['64500:100', { kind: 'standard', value: 64_500 * 65_536 + 100 }],
  ['65535:65535', { kind: 'standard', value: 0xffff_ffff }],
  ['no-export', { kind: 'standard', value: 0xffff_ff01 }],
  ['large:4200000000:1:2', { kind: 'large', value: [4_200_000_000, 1, 2] }],
  ['65536:1', undefined],
  ['1:2:3', undefined],
  ['large:1:2', undefined],
  ['large:4294967296:1:2', undefined],
  ['extended:1:2', undefined],
  ['1:', undefined],
];
for (const [text, value] of COMMUNITIES) {
  test(`${text} is ${value === undefined ? 'no community' : value.kind}`, () => {
    assert.equal(parseCommunity(text), value);
  });
}

test('a wrong value is refused where it is', () => {
  const object = {
    ...{ apiVersion: 'metallb.io/v1beta1', kind: 'Community', metadata: METADATA },
    spec: {
      communities: [
        { name: 'a', value: '1:2' },
        { name: 'b', value: 'x' },
      ],
    },
  };
  assert.equal(problemsOf(parseCommunityObject(object)), [
    'spec.communities[1].value is "x": expected a community such as 64500:100 or large:64500:1:2',
  ]);
});

test.run();
