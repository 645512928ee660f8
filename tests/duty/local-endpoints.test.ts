import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  countEndpoints,
  rankEndpoints,
  rankForAll,
  slicesFor,
} from '../../modules/metallb/src/duty/local-endpoints.ts';
import { ip } from '../support/addresses.ts';
import { endpointSliceOf, sliceOf } from '../support/cluster.ts';

const on = (nodeName: string, conditions: object = { ready: true }) => ({ nodeName, conditions });
const terminating = { ready: false, serving: true, terminating: true };
const gone = { ready: false, serving: false, terminating: true };
const starting = { ready: false, serving: false, terminating: false };

const rows: [string, object[], Record<string, 0 | 1>][] = [
  ['a ready endpoint', [on('n1')], { n1: 0 }],
  ['an endpoint without conditions', [on('n1', {})], { n1: 0 }],
  ['an endpoint that serves while terminating', [on('n1', terminating)], { n1: 1 }],
  ['an endpoint that terminates without serving', [on('n1', gone)], {}],
  ['an endpoint that is not ready yet', [on('n1', starting)], {}],
  ['both on one node', [on('n1', terminating), on('n1'), on('n1', terminating)], { n1: 0 }],
  ['an endpoint without a node', [{ conditions: { ready: true } }], {}],
];
for (const [name, endpoints, expected] of rows) {
  test(`ranks ${name}`, () => {
    const ranks = rankEndpoints([endpointSliceOf(sliceOf('web', endpoints))]);
    assert.equal(Object.fromEntries(ranks), expected);
  });
}

const COUNTS: [string, object[], number][] = [
  ['ready ones', [on('n1'), on('n1'), on('n2')], 2],
  ['ready ones before those that terminate', [on('n1'), on('n1', terminating)], 1],
  ['those that terminate where there is nothing else', [on('n1', terminating), on('n1', gone)], 1],
  ['none of other nodes', [on('n2')], 0],
];
for (const [name, endpoints, expected] of COUNTS) {
  test(`counts ${name}`, () => {
    assert.is(countEndpoints([endpointSliceOf(sliceOf('web', endpoints))], 'n1'), expected);
  });
}

test('packets to an IP are for endpoints of its family, never for names', () => {
  const slice = sliceOf('web', [on('n1')]);
  const slices = ['IPv4', 'IPv6', 'FQDN'].map((addressType) =>
    endpointSliceOf({ ...slice, addressType }),
  );
  for (const [address, family] of [
    ['192.0.2.1', 'IPv4'],
    ['2001:db8::1', 'IPv6'],
  ] as const) {
    const types = slicesFor(ip(address), slices).map(({ addressType }) => addressType);
    assert.equal(types, [family]);
  }
});

test('a node serves several Services as well as the worst of them, and not at all when it lacks one', () => {
  const ranks = rankForAll([
    new Map([
      ['n1', 0],
      ['n2', 0],
      ['n3', 0],
    ]),
    new Map([
      ['n1', 0],
      ['n2', 1],
    ]),
  ]);
  assert.equal(Object.fromEntries(ranks), { n1: 0, n2: 1 });
});

test.run();
