import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseEndpointSlice } from '../../modules/metallb/src/api/endpoint-slice.ts';
import { parsedValue, problemsOf } from '../support/parsed.ts';

function sliceWith(
  endpoints: unknown,
  labels: unknown = { 'kubernetes.io/service-name': 'nginx' },
) {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'nginx-x7k2p', namespace: 'web', labels },
    addressType: 'IPv4',
    endpoints,
  };
}

const conditions: [written: object | null | undefined, read: string][] = [
  [undefined, 'ready serving'],
  [null, 'ready serving'],
  [{}, 'ready serving'],
  [{ ready: null, serving: null, terminating: null }, 'ready serving'],
  [{ ready: false }, ''],
  [{ ready: false, serving: true, terminating: true }, 'serving terminating'],
  [{ ready: true, serving: false }, 'ready'],
];
for (const [written, read] of conditions) {
  test(`endpoint conditions ${JSON.stringify(written)} mean: ${read || 'nothing'}`, () => {
    const slice = parsedValue(parseEndpointSlice(sliceWith([{ conditions: written }])));
    const [endpoint] = slice.endpoints;
    assert.is(endpoint?.nodeName, undefined);
    const names = (['ready', 'serving', 'terminating'] as const).filter((name) => endpoint?.[name]);
    assert.is(names.join(' '), read);
  });
}

test('belongs to the Service that its label names, in its own namespace', () => {
  const slice = parsedValue(parseEndpointSlice(sliceWith([{ nodeName: 'n1' }])));
  assert.is(slice.service, 'web/nginx');
  assert.is(slice.endpoints[0]?.nodeName, 'n1');
});

test('a Service without Pods has a slice with null endpoints', () => {
  assert.equal(parsedValue(parseEndpointSlice(sliceWith(null))).endpoints, []);
});

for (const labels of [undefined, null, {}, { 'kubernetes.io/service-name': '' }]) {
  test(`refuses a slice that belongs to no Service: labels ${JSON.stringify(labels)}`, () => {
    const problems = problemsOf(parseEndpointSlice({ ...sliceWith([], labels ?? null) }));
    assert.is(problems.length, 1);
    assert.match(problems[0] ?? '', 'metadata.labels[kubernetes.io/service-name]');
  });
}

test.run();
