import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseBgpPeer } from '../../modules/metallb/src/api/bgp-peer.ts';
import { peerInVersion } from '../../modules/metallb/src/api/bgp-peer-versions.ts';
import { ANNOTATION } from '../../modules/metallb/src/api/names.ts';
import { parsedValue } from '../support/parsed.ts';

const OLD = 'metallb.io/v1beta1';
const NEW = 'metallb.io/v1beta2';
const ROUTER = { myASN: 64_500, peerASN: 64_501, peerAddress: '172.16.1.1' };

type Json = Readonly<Record<string, unknown>>;

const peer = (apiVersion: string, spec: Json, metadata: Json = {}) => ({
  ...{ apiVersion, kind: 'BGPPeer' },
  metadata: { name: 'tor', namespace: 'metallb-system', ...metadata },
  spec,
});
const carrying = (fields: unknown) => ({
  annotations: { [ANNOTATION.peerV1beta2]: JSON.stringify(fields) },
});

const EXPRESSIONS = [
  { key: 'rack', operator: 'In', values: ['7'] },
  { key: 'edge', operator: 'Exists' },
  { key: 'drained', operator: 'DoesNotExist' },
];

/** As v1beta2 has it, and as v1beta1 has the same. */
const ALIKE: [string, Json, Json, Json?][] = [
  ['what both have', { ...ROUTER, peerPort: 179 }, { ...ROUTER, peerPort: 179 }],
  ['defaults that v1beta1 does not know', { ...ROUTER, disableMP: false }, ROUTER],
  [
    'a peer that only v1beta2 can name',
    { myASN: 64_500, dynamicASN: 'external', interface: 'eth1' },
    { myASN: 64_500, peerASN: 0, peerAddress: '' },
    { dynamicASN: 'external', interface: 'eth1' },
  ],
  [
    'a Secret, and what routers keep',
    { ...ROUTER, passwordSecret: { name: 'tor' }, enableGracefulRestart: true },
    ROUTER,
    { passwordSecret: { name: 'tor' }, enableGracefulRestart: true },
  ],
  [
    'a label that is there, whatever it says',
    { ...ROUTER, nodeSelectors: [{ matchExpressions: EXPRESSIONS }, { matchLabels: { a: 'b' } }] },
    {
      ...ROUTER,
      nodeSelectors: [
        {
          matchExpressions: [
            EXPRESSIONS[0],
            { key: 'edge', operator: 'Exists', values: [''] },
            { key: 'drained', operator: 'DoesNotExist', values: [''] },
          ],
        },
        { matchLabels: { a: 'b' } },
      ],
    },
  ],
];
for (const [name, current, old, carried] of ALIKE) {
  test(`${name}: there and back`, () => {
    const labels = { labels: { team: 'net' } };
    const shown = peerInVersion(peer(NEW, current, labels), OLD);
    assert.equal(shown, peer(OLD, old, { ...labels, ...(carried && carrying(carried)) }));
    const { disableMP: _, ...rest } = current;
    assert.equal(peerInVersion(shown, NEW), peer(NEW, rest, labels));
  });
}

test('an object that is of the version already stays as it is', () => {
  for (const version of [OLD, NEW]) {
    const object = peer(version, { any: 'thing' }, carrying({ vrf: 'red' }));
    assert.is(peerInVersion(object, version), object);
  }
});

const CHANGES: [string, Json, unknown, Json][] = [
  ['a number', { peerASN: 64_502 }, { dynamicASN: 'external' }, { peerASN: 64_502 }],
  ['an address', { peerAddress: '10.0.0.1' }, { interface: 'eth1' }, { peerAddress: '10.0.0.1' }],
  ['a password', { password: 'x' }, { passwordSecret: { name: 'tor' } }, { password: 'x' }],
  ['port 0, which is the usual one', { peerPort: 0 }, {}, {}],
  ['a router id', { routerID: '10.0.0.1' }, { vrf: 'red' }, { routerID: '10.0.0.1', vrf: 'red' }],
];
for (const [name, written, carried, expected] of CHANGES) {
  test(`who writes ${name} as v1beta1 means it, beside what only v1beta2 has`, () => {
    const object = peer(OLD, { myASN: 1, ...written }, carrying(carried));
    assert.equal(peerInVersion(object, NEW), peer(NEW, { myASN: 1, ...expected }));
  });
}

test('what stands in the annotation replaces nothing that v1beta1 says', () => {
  const object = peer(OLD, ROUTER, carrying({ myASN: 1, peerPort: 180, vrf: 'red' }));
  assert.equal(peerInVersion(object, NEW), peer(NEW, { ...ROUTER, vrf: 'red' }));
});

test('an annotation of that name that nobody here wrote does no harm', () => {
  for (const text of ['', '{', '[]', '7']) {
    const metadata = { annotations: { [ANNOTATION.peerV1beta2]: text } };
    assert.equal(peerInVersion(peer(OLD, ROUTER, metadata), NEW), peer(NEW, ROUTER, metadata));
  }
});

test('whatever an object holds, it is converted', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (spec) => {
      const object = peer(NEW, spec as Json);
      const back = peerInVersion(peerInVersion(object, OLD), NEW);
      assert.is(back['apiVersion'], NEW);
    }),
  );
});

const selector = fc.record(
  {
    matchLabels: fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('', 'x')),
    matchExpressions: fc.array(
      fc.oneof(
        fc.record({ key: fc.constant('a'), operator: fc.constantFrom('Exists', 'DoesNotExist') }),
        fc.record({
          ...{ key: fc.constant('a'), operator: fc.constantFrom('In', 'NotIn') },
          values: fc.array(fc.constantFrom('x', 'y'), { minLength: 1 }),
        }),
      ),
    ),
  },
  { requiredKeys: [] },
);
const spec = fc
  .record(
    {
      ...{ myASN: fc.integer({ min: 1, max: 9 }), localASN: fc.integer({ min: 1, max: 9 }) },
      ...{ sourceAddress: fc.constant('10.0.0.1'), peerPort: fc.integer({ min: 1, max: 9 }) },
      ...{ holdTime: fc.constant('90s'), keepaliveTime: fc.constant('9s') },
      ...{ connectTime: fc.constant('10s'), routerID: fc.constant('10.0.0.2') },
      ...{ nodeSelectors: fc.array(selector, { maxLength: 3 }), bfdProfile: fc.constant('fast') },
      ...{ enableGracefulRestart: fc.boolean(), ebgpMultiHop: fc.boolean() },
      ...{ vrf: fc.constant('red'), disableMP: fc.constant(true) },
      dualStackAddressFamily: fc.constant(true),
      passwordSecret: fc.record({ name: fc.constant('tor') }),
    },
    { requiredKeys: ['myASN'] },
  )
  .chain((all) =>
    fc
      .tuple(
        fc.constantFrom({ peerASN: 7 }, { dynamicASN: 'internal' }),
        fc.constantFrom({ peerAddress: '10.0.0.3' }, { interface: 'eth1' }),
      )
      .map(([asn, neighbor]): Json => JSON.parse(JSON.stringify({ ...all, ...asn, ...neighbor }))),
  );

test('nothing of a v1beta2 is lost in v1beta1 and back, whatever else v1beta1 writes meanwhile', () => {
  fc.assert(
    fc.property(spec, (current) => {
      const shown = peerInVersion(peer(NEW, current), OLD);
      assert.equal(peerInVersion(shown, NEW), peer(NEW, current));
      const edited = { ...shown, spec: { ...(shown['spec'] as Json), holdTime: '30s' } };
      assert.equal(peerInVersion(edited, NEW), peer(NEW, { ...current, holdTime: '30s' }));
    }),
  );
});

test('nothing of a v1beta1 is lost in v1beta2 and back', () => {
  const old = spec.map((current) => peerInVersion(peer(NEW, current), OLD)['spec'] as Json);
  fc.assert(
    fc.property(old, (written) => {
      const back = peerInVersion(peerInVersion(peer(OLD, written), NEW), OLD);
      assert.equal(back, peer(OLD, written));
    }),
  );
});

test('a v1beta1 that no API server has converted is read alike', () => {
  const old = peer(
    OLD,
    {
      ...{ myASN: 1, peerASN: 0, peerAddress: '', peerPort: 0 },
      nodeSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Exists', values: ['x'] }] }],
    },
    carrying({ dynamicASN: 'external', interface: 'eth1' }),
  );
  const { peerAsn, neighbor, peerPort, nodeSelectors } = parsedValue(parseBgpPeer(old)).spec;
  assert.equal([peerAsn, neighbor, peerPort], ['external', { interface: 'eth1' }, 179]);
  assert.equal(nodeSelectors[0]?.matchExpressions, [{ key: 'a', operator: 'Exists', values: [] }]);
});

test.run();
