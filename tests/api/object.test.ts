import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseChild } from '../../modules/metallb/src/api/child.ts';
import { parseEndpointSlice } from '../../modules/metallb/src/api/endpoint-slice.ts';
import { parseMetalLoadBalancerClass } from '../../modules/metallb/src/api/metal-load-balancer-class.ts';
import { parseNode } from '../../modules/metallb/src/api/node.ts';
import { parseObject } from '../../modules/metallb/src/api/object.ts';
import { formatProblem, type Parsed } from '../../modules/metallb/src/api/problem.ts';
import { parseService } from '../../modules/metallb/src/api/service.ts';
import { parsedValue, problemsOf } from '../support/parsed.ts';

test('keeps every field, known or not', () => {
  const object = {
    apiVersion: 'deckhouse.io/v1alpha1',
    kind: 'ModuleConfig',
    metadata: {
      name: 'metallb',
      uid: 'u',
      resourceVersion: '7',
      creationTimestamp: '2026-01-02T03:04:05Z',
      generation: 3,
      finalizers: ['a/b'],
    },
    spec: { enabled: true, version: 2 },
    data: { a: 'b' },
  };
  assert.equal(parsedValue(parseObject(object)), object);
});

test('fills in what only a store can know, and takes null for absent', () => {
  const written = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'nginx', creationTimestamp: null, labels: null, annotations: null },
    spec: {},
    status: null,
  };
  assert.equal(parsedValue(parseObject(written)), {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'nginx', uid: '', resourceVersion: '', creationTimestamp: '' },
    spec: {},
  });
});

test('a label or annotation whose value was left out is empty, as on an API server', () => {
  const key = 'node-role.kubernetes.io/loadbalancer';
  const metadata = { name: 'n1', labels: { [key]: null }, annotations: { [key]: null } };
  const read = parsedValue(parseObject({ apiVersion: 'v1', kind: 'Node', metadata })).metadata;
  assert.equal([read.labels, read.annotations], [{ [key]: '' }, { [key]: '' }]);
});

const refused: [object: unknown, problems: readonly string[]][] = [
  [7, ['object/(unnamed): (whole object) is 7: expected an object']],
  [null, ['object/(unnamed): (whole object) is missing: expected an object']],
  [[], ['object/(unnamed): (whole object) is []: expected an object']],
  [
    { kind: 'Service', metadata: { namespace: 'web', name: '' } },
    [
      'Service/web/(unnamed): apiVersion is missing: expected a string that is not empty',
      'Service/web/(unnamed): metadata.name is "": expected a string that is not empty',
    ],
  ],
  [
    { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', labels: { tier: 1 } } },
    ['Node/n1: metadata.labels.tier is 1: expected a string'],
  ],
];
for (const [object, problems] of refused) {
  test(`refuses ${JSON.stringify(object)}`, () => {
    assert.equal(problemsOf(parseObject(object)), problems);
  });
}

const parsers: Readonly<
  Record<string, { apiVersion: string; parse: (object: unknown) => Parsed<unknown> }>
> = {
  MetalLoadBalancerClass: {
    apiVersion: 'network.deckhouse.io/v1alpha1',
    parse: parseMetalLoadBalancerClass,
  },
  SDNInternalL2LBService: {
    apiVersion: 'internal.network.deckhouse.io/v1alpha1',
    parse: parseChild,
  },
  Service: { apiVersion: 'v1', parse: parseService },
  Node: { apiVersion: 'v1', parse: parseNode },
  EndpointSlice: { apiVersion: 'discovery.k8s.io/v1', parse: parseEndpointSlice },
  Anything: { apiVersion: 'v1', parse: parseObject },
};

const name = fc.constantFrom('n1', '', 7, null);
const strings = fc.dictionary(
  fc.constantFrom(
    'network.deckhouse.io/l2-load-balancer-external-ips-count',
    'network.deckhouse.io/load-balancer-ips',
    'metallb.io/address-pool',
    'kubernetes.io/service-name',
    '__proto__',
  ),
  fc.oneof(fc.string(), fc.constantFrom('1', 'auto', '192.0.2.1,', '::1,::1'), fc.jsonValue()),
);
const members = fc.dictionary(
  fc.constantFrom('addressPool', 'l2', 'ports', 'serviceRef', 'conditions', 'announcer', 'type'),
  fc.jsonValue(),
);

test('a list with more wrong items than a call takes arguments has that many problems', () => {
  const wrong = new Array(300_000).fill(7);
  const parsed = parseMetalLoadBalancerClass({
    apiVersion: 'network.deckhouse.io/v1alpha1',
    kind: 'MetalLoadBalancerClass',
    metadata: { name: 'c' },
    spec: { l2: { interfaces: wrong } },
  });
  assert.is(!parsed.ok && parsed.problems.length, 300_001);
});

for (const [kind, { apiVersion, parse }] of Object.entries(parsers)) {
  const almost = fc.record({
    apiVersion: fc.constant(apiVersion),
    kind: fc.constant(kind),
    metadata: fc.oneof(fc.record({ name, labels: strings, annotations: strings }), fc.jsonValue()),
    spec: fc.oneof(members, fc.jsonValue()),
    status: fc.oneof(members, fc.jsonValue()),
    endpoints: fc.jsonValue(),
  });

  test(`${kind}: any JSON is a value or has problems that say where and what`, () => {
    fc.assert(
      fc.property(fc.oneof(almost, fc.jsonValue(), fc.anything()), (object) => {
        const parsed = parse(object);
        if (parsed.ok) return;
        assert.ok(parsed.problems.length > 0);
        for (const problem of parsed.problems) {
          assert.match(problem.object, /^\w+\/./);
          assert.match(problem.field, /./);
          assert.match(problem.expected, /^expected /);
          assert.ok(formatProblem(problem).length < 1_000);
        }
      }),
      { numRuns: 500 },
    );
  });
}

test.run();
