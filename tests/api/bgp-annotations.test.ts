import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseBfdProfile } from '../../modules/metallb/src/api/bfd-profile.ts';
import { parseBgpAdvertisement } from '../../modules/metallb/src/api/bgp-advertisement.ts';
import { type BgpPeerSpec, parseBgpPeer } from '../../modules/metallb/src/api/bgp-peer.ts';
import { peerInVersion } from '../../modules/metallb/src/api/bgp-peer-versions.ts';
import { parseCommunityObject } from '../../modules/metallb/src/api/community.ts';
import { parseMetalLoadBalancerBgpPeer } from '../../modules/metallb/src/api/metal-load-balancer-bgp-peer.ts';
import { parseMetalLoadBalancerConfiguration } from '../../modules/metallb/src/api/metal-load-balancer-configuration.ts';
import {
  ANNOTATION,
  BGP_ANNOTATION,
  BGP_ANNOTATION_PREFIXES,
} from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { describeProblem, type Parsed } from '../../modules/metallb/src/api/problem.ts';

import {
  bfdProfile,
  bgpAdvertisement,
  bgpPeer,
  community,
  configuration,
  router,
} from '../support/bgp-objects.ts';

/** What MetalLB's API has no field for, said by annotations. */
const PEER = { myASN: 64_500, peerASN: 64_501, peerAddress: '172.16.1.1' };
const DOMAIN = 'network.deckhouse.io/';
const OURS = 'network.deckhouse.io/bgp-';

function objectOf(annotations: unknown, spec: object) {
  const metadata = { name: 'tor', namespace: 'metallb-system', annotations };
  return {
    ...{ apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer', metadata },
    spec: { ...PEER, ...spec },
  };
}

const ours = (said: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(said).map(([name, value]) => [`${OURS}${name}`, value]));

const peer = (said: Readonly<Record<string, unknown>>, spec = {}) =>
  parseBgpPeer(objectOf(ours(said), spec));

function problemsOf(parsed: Parsed<unknown>): string[] {
  return parsed.ok ? [] : parsed.problems.map(describeProblem);
}

const RIGHT: [string, Readonly<Record<string, string>>, object, Partial<BgpPeerSpec>][] = [
  ['GTSM of a router on the link', { 'ttl-security-hops': '1' }, {}, { ttlSecurityHops: 1 }],
  [
    'GTSM of a router further away',
    { 'ttl-security-hops': '2' },
    { ebgpMultiHop: true },
    { ttlSecurityHops: 2 },
  ],
  ['GTSM as far as it goes', { 'ttl-security-hops': '254' }, {}, { ttlSecurityHops: 254 }],
  ['a router that connects', { passive: 'true' }, {}, { passive: true }],
  ['a router that does not', { passive: 'false' }, {}, { passive: false }],
  [
    'for how long stale routes are kept',
    { 'long-lived-stale-time': '6h' },
    { enableGracefulRestart: true },
    { longLivedStaleSeconds: 21_600 },
  ],
  ['nothing', {}, {}, { ttlSecurityHops: undefined, passive: false }],
  ['nothing of stale routes', {}, {}, { longLivedStaleSeconds: undefined }],
];
for (const [name, said, spec, expected] of RIGHT) {
  test(`${name} is said by annotations, in both versions of the object`, () => {
    const object = objectOf(ours(said), spec);
    for (const version of ['metallb.io/v1beta2', 'metallb.io/v1beta1']) {
      const read = parseBgpPeer(peerInVersion(object, version));
      assert.ok(read.ok, problemsOf(read).join());
      const { spec: all } = (read as { value: { spec: BgpPeerSpec } }).value;
      for (const [field, value] of Object.entries(expected)) {
        assert.equal(Reflect.get(all, field), value);
      }
    }
  });
}

const HOPS = 'metadata.annotations[network.deckhouse.io/bgp-ttl-security-hops]';
type WrongRow = readonly [string, Readonly<Record<string, unknown>>, object];
const WRONG: readonly WrongRow[] = [
  [`${HOPS} is "0": expected an integer from 1 to 254`, { 'ttl-security-hops': '0' }, {}],
  [`${HOPS} is "255": expected an integer from 1 to 254`, { 'ttl-security-hops': '255' }, {}],
  [`${HOPS} is "1.0": expected an integer from 1 to 254`, { 'ttl-security-hops': '1.0' }, {}],
  [`${HOPS} is "": expected an integer from 1 to 254`, { 'ttl-security-hops': '' }, {}],
  [
    `${HOPS} is "1": expected 2 or more beside spec.ebgpMultiHop`,
    { 'ttl-security-hops': '1' },
    { ebgpMultiHop: true },
  ],
  ...(
    [
      ['soon', true, 'expected a duration such as 90s or 1m30s, at most 16777215s'],
      ['16777216s', true, 'expected a duration such as 90s or 1m30s, at most 16777215s'],
      ['0s', true, 'expected at least 1s'],
      ['6h', false, 'expected spec.enableGracefulRestart beside it: it begins when that is over'],
    ] as const
  ).map(
    ([written, enableGracefulRestart, expected]): WrongRow => [
      `metadata.annotations[network.deckhouse.io/bgp-long-lived-stale-time] is "${written}": ${expected}`,
      { 'long-lived-stale-time': written },
      { enableGracefulRestart },
    ],
  ),
  ...['yes', 'True', ''].map(
    (passive): WrongRow => [
      `metadata.annotations[network.deckhouse.io/bgp-passive] is "${passive}": expected "true" or "false"`,
      { passive },
      {},
    ],
  ),
];
for (const [problem, said, spec] of WRONG) {
  test(`a peer is refused where ${problem}`, () => {
    assert.equal(problemsOf(peer(said, spec)), [problem]);
  });
}

const SECRET = 'network.deckhouse.io/bfd-authentication-secret';
const KEY_ID = 'network.deckhouse.io/bfd-authentication-key-id';

function profile(annotations: Readonly<Record<string, unknown>>, spec: object = {}) {
  const metadata = { name: 'quick', namespace: 'metallb-system', annotations };
  return parseBfdProfile({ apiVersion: 'metallb.io/v1beta1', kind: 'BFDProfile', metadata, spec });
}

const KEYS: [Readonly<Record<string, string>>, object | undefined][] = [
  [{}, undefined],
  [{ [SECRET]: 'bfd' }, { secret: 'bfd', keyId: 1 }],
  [
    { [SECRET]: 'bfd', [KEY_ID]: '0' },
    { secret: 'bfd', keyId: 0 },
  ],
  [
    { [SECRET]: 'bfd', [KEY_ID]: '255' },
    { secret: 'bfd', keyId: 255 },
  ],
];
for (const [said, authentication] of KEYS) {
  test(`a profile with ${JSON.stringify(said)} is signed by ${JSON.stringify(authentication)}`, () => {
    const read = profile(said);
    assert.equal(read.ok && read.value.spec.authentication, authentication);
  });
}

const KEY_ID_PLACE = `metadata.annotations[${KEY_ID}]`;
const WRONG_KEYS: [Readonly<Record<string, unknown>>, string][] = [
  [
    { [SECRET]: 'bfd', [KEY_ID]: '256' },
    `${KEY_ID_PLACE} is "256": expected an integer from 0 to 255`,
  ],
  [
    { [SECRET]: 'bfd', [KEY_ID]: 'one' },
    `${KEY_ID_PLACE} is "one": expected an integer from 0 to 255`,
  ],
  [{ [KEY_ID]: '2' }, `${KEY_ID_PLACE} is "2": expected ${SECRET} beside it`],
  [{ [SECRET]: '' }, `metadata.annotations[${SECRET}] is "": expected a string that is not empty`],
];
for (const [said, problem] of WRONG_KEYS) {
  test(`a profile is refused where ${problem}`, () => {
    assert.equal(problemsOf(profile(said)), [problem]);
  });
}

test('annotations and fields are told of at once, and what is no text once', () => {
  assert.equal(problemsOf(peer({ 'ttl-security-hops': 'one' }, { holdTime: '1s' })), [
    'spec.holdTime is "1s": expected 0s, or at least 3s',
    `${HOPS} is "one": expected an integer from 1 to 254`,
  ]);
  assert.equal(problemsOf(peer({ 'ttl-security-hops': 1 })), [`${HOPS} is 1: expected a string`]);
  assert.is(problemsOf(parseBgpPeer(objectOf('none', {}))).length, 1);
});

function routes(said: Readonly<Record<string, unknown>>, spec?: object) {
  const metadata = { name: 'all', namespace: 'metallb-system', annotations: ours(said) };
  const kind = { apiVersion: 'metallb.io/v1beta1', kind: 'BGPAdvertisement', metadata };
  return parseBgpAdvertisement(spec === undefined ? kind : { ...kind, spec });
}

test('what routes carry beside communities is said by annotations, with and without a spec', () => {
  const said = { 'as-path-prepend': '2', med: '0', 'link-bandwidth': '10G' };
  for (const read of [routes(said), routes(said, { localPref: 200 })]) {
    assert.ok(read.ok);
    if (!read.ok) continue;
    const { asPathPrepend, med, linkBandwidth } = read.value.spec;
    assert.equal([asPathPrepend, med, linkBandwidth], [2, 0, 10_000_000_000]);
  }
});

const WRONG_ROUTES: [string, Readonly<Record<string, unknown>>][] = [
  ['bgp-as-path-prepend] is "0": expected an integer from 1 to 10', { 'as-path-prepend': '0' }],
  ['bgp-as-path-prepend] is "11": expected an integer from 1 to 10', { 'as-path-prepend': '11' }],
  ['bgp-med] is "-1": expected an integer from 0 to 4294967295', { med: '-1' }],
  [
    'bgp-link-bandwidth] is "1.5G": expected bits per second, such as 10G or 2500M',
    { 'link-bandwidth': '1.5G' },
  ],
];
for (const [problem, said] of WRONG_ROUTES) {
  test(`an advertisement is refused where ${problem}`, () => {
    const place = 'metadata.annotations[network.deckhouse.io/';
    assert.equal(problemsOf(routes(said, {})), [`${place}${problem}`]);
  });
}

const KNOWN: readonly [
  kind: string,
  parse: Parse,
  object: KubernetesObject,
  names: readonly string[],
][] = [
  [
    'BGPPeer',
    parseBgpPeer,
    bgpPeer('tor'),
    ['bgp-ttl-security-hops', 'bgp-passive', 'bgp-long-lived-stale-time'],
  ],
  [
    'BGPAdvertisement',
    parseBgpAdvertisement,
    bgpAdvertisement('all'),
    ['bgp-as-path-prepend', 'bgp-med', 'bgp-link-bandwidth'],
  ],
  [
    'BFDProfile',
    parseBfdProfile,
    bfdProfile('quick'),
    ['bfd-authentication-secret', 'bfd-authentication-key-id'],
  ],
  ['Community', parseCommunityObject, community('names'), []],
  ['MetalLoadBalancerBGPPeer', parseMetalLoadBalancerBgpPeer, router('spine'), []],
  [
    'MetalLoadBalancerConfiguration',
    parseMetalLoadBalancerConfiguration,
    configuration('edge', ['spine']),
    [],
  ],
];
type Parse = (object: unknown) => Parsed<unknown>;

const withAnnotations = (
  object: KubernetesObject,
  annotations: Readonly<Record<string, string>>,
) => ({
  ...object,
  metadata: { ...object.metadata, annotations },
});

test('there is no annotation of BGP but those of these kinds, and each begins as none of others’ does', () => {
  const names = KNOWN.flatMap(([, , , known]) => known).map((name) => `${DOMAIN}${name}`);
  assert.equal(names.sort(), Object.values(BGP_ANNOTATION).sort());
  for (const name of names) {
    assert.ok(
      BGP_ANNOTATION_PREFIXES.some((prefix) => name.startsWith(prefix)),
      name,
    );
  }
  for (const name of Object.values(ANNOTATION)) {
    assert.not.ok(
      BGP_ANNOTATION_PREFIXES.some((prefix) => name.startsWith(prefix)),
      name,
    );
  }
});

for (const [kind, parse, object, known] of KNOWN) {
  const expected =
    known.length === 0
      ? 'expected no such annotation on this kind'
      : `expected another name: one of ${known.map((name) => `${DOMAIN}${name}`).join(', ')}`;
  for (const name of ['bgp-', 'bgp-ttl-security', 'bgp-MED', 'bgp-pasive', 'bfd-echo']) {
    test(`a ${kind} is refused with ${name}, which nothing there is called`, () => {
      const read = parse(withAnnotations(object, { [`${DOMAIN}${name}`]: '1' }));
      assert.equal(problemsOf(read), [
        `metadata.annotations[${DOMAIN}${name}] is "1": ${expected}`,
      ]);
    });
  }

  test(`a ${kind} is refused with what only another kind may say`, () => {
    const others = KNOWN.flatMap(([, , , names]) => names).filter((name) => !known.includes(name));
    for (const name of others) {
      const read = parse(withAnnotations(object, { [`${DOMAIN}${name}`]: '1' }));
      assert.is(problemsOf(read).length, 1, name);
    }
  });

  test(`what others write beside is nothing to a ${kind}`, () => {
    const annotations = {
      'network.deckhouse.io/bgppeer-v1beta2': '{}',
      'network.deckhouse.io/bgp': 'x',
      'network.deckhouse.io/whatever': 'x',
      'example.com/bgp-med': '1',
      'metallb.io/bgp-med': '1',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
    };
    assert.equal(problemsOf(parse(withAnnotations(object, annotations))), []);
  });
}

test('a wrong value and a wrong name are told of at once, and nobody reads what may be a password', () => {
  const read = peer({ 'ttl-security-hops': '0', password: 'hunter2', passive: 'true' });
  assert.equal(
    problemsOf(read).map((problem) => problem.replace(/: expected .*/, '')),
    [`${HOPS} is "0"`, 'metadata.annotations[network.deckhouse.io/bgp-password] is "(not shown)"'],
  );
  const [problem = ''] = problemsOf(profile({ [`${DOMAIN}bfd-authentication-key`]: 'hunter2' }));
  assert.match(problem, 'bfd-authentication-key] is "(not shown)": expected another name');
});

test.run();
