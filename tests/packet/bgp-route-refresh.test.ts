import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BGP_REASON } from '../../modules/metallb/src/packet/bgp-error.ts';
import { decodeRouteRefresh } from '../../modules/metallb/src/packet/bgp-route-refresh.ts';
import { isBgpError, refusalOf } from '../support/bgp-refusal.ts';
import { assertPrefixesRefused, assertTotal } from '../support/codec.ts';

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
}

const READ: [string, string, ReturnType<typeof decodeRouteRefresh>][] = [
  ['a request for IPv4', '0001 00 01', { asked: 'IPv4', fault: undefined }],
  ['a request for IPv6', '0002 00 01', { asked: 'IPv6', fault: undefined }],
  ['a request for multicast', '0001 00 02', { asked: undefined, fault: undefined }],
  ['a request for another AFI', '0019 00 01', { asked: undefined, fault: undefined }],
  ['the begin of a refresh', '0001 01 01', { asked: undefined, fault: undefined }],
  ['the end of a refresh', '0001 02 01', { asked: undefined, fault: undefined }],
  [
    'a subtype that no RFC has',
    '0001 03 01',
    { asked: undefined, fault: 'ROUTE-REFRESH of the unknown subtype 3' },
  ],
];
for (const [name, hex, read] of READ) {
  test(`${name} is read`, () => assert.equal(decodeRouteRefresh(bytesOf(hex)), read));
}

test('one of another length comes back whole in the NOTIFICATION', () => {
  const refusal = refusalOf(() => decodeRouteRefresh(bytesOf('0001 00 01 40')));
  const data = `${'ff'.repeat(16)}0018050001000140`;
  assert.equal(refusal, { reason: BGP_REASON.routeRefreshLength, data });
});

test('of the longest comes back what a NOTIFICATION of 4,096 octets holds', () => {
  const { data } = refusalOf(() => decodeRouteRefresh(new Uint8Array(65_516)));
  assert.is(19 + 2 + data.length / 2, 4_096);
});

test('whatever comes is read, or refused as BGP does', () => {
  const request = bytesOf('0001 00 01');
  assertPrefixesRefused(request, decodeRouteRefresh);
  assertTotal([request], decodeRouteRefresh, isBgpError);
});

test.run();
