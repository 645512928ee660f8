import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Newcomer } from '../../modules/metallb/src/bgp/newcomer.ts';
import { NO_CAPABILITIES } from '../../modules/metallb/src/packet/bgp-capabilities.ts';
import { BGP_REASON, BgpError } from '../../modules/metallb/src/packet/bgp-error.ts';
import { encodeKeepalive } from '../../modules/metallb/src/packet/bgp-message.ts';
import { encodeOpen } from '../../modules/metallb/src/packet/bgp-open.ts';
import { ip } from '../support/addresses.ts';

const ASN = 64_501;
const openOf = (asn: number) => {
  const capabilities = { ...NO_CAPABILITIES, families: ['IPv4'] as const };
  return encodeOpen({ asn, holdSeconds: 90, routerId: ip('192.0.2.2'), capabilities });
};
const newcomer = () =>
  new Newcomer(({ asn }) => {
    if (asn !== ASN) throw new BgpError(BGP_REASON.badPeerAs, `AS ${asn}`);
  });

const FIRST_WORDS: [string, Uint8Array, string][] = [
  ['an OPEN of the peer', openOf(ASN), 'peer'],
  ['an OPEN of another AS', openOf(64_999), 'stranger'],
  ['another message', encodeKeepalive(), 'stranger'],
  ['what is no BGP', new TextEncoder().encode('GET / HTTP/1.1\r\nHost: n1\r\n\r\n'), 'stranger'],
  ['a header that promises too much', openOf(ASN).fill(255, 16, 18), 'stranger'],
  ['a part of an OPEN', openOf(ASN).subarray(0, 28), 'more'],
  ['nothing', new Uint8Array(), 'more'],
];
for (const [name, bytes, expected] of FIRST_WORDS) {
  test(`${name}: ${expected}`, () => {
    assert.is(newcomer().hear(bytes), expected);
  });
}

test('an OPEN that comes octet by octet is one when it is whole, and all that came is handed on', () => {
  const one = newcomer();
  const open = openOf(ASN);
  const verdicts = [...open].map((octet) => one.hear(Uint8Array.of(octet)));
  assert.equal([new Set(verdicts.slice(0, -1)), verdicts.at(-1)], [new Set(['more']), 'peer']);
  assert.equal(Buffer.from(one.heard), Buffer.from(open));
});

test('what follows the OPEN at once is handed on, too', () => {
  const one = newcomer();
  const all = Buffer.concat([openOf(ASN), encodeKeepalive()]);
  assert.is(one.hear(all), 'peer');
  assert.equal(Buffer.from(one.heard), all);
});

test.run();
