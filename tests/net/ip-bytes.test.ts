import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ipFromBytes,
  ipToBytes,
  parseIp,
  solicitedNodeGroup,
} from '../../modules/metallb/src/net/ip.ts';
import { macFromBytes, macToBytes, parseMac } from '../../modules/metallb/src/net/mac.ts';
import { bytes, ip } from '../support/addresses.ts';

const ROWS: [string, string][] = [
  ['0.0.0.0', '00000000'],
  ['255.255.255.255', 'ffffffff'],
  ['192.0.2.10', 'c000020a'],
  ['::', '00000000000000000000000000000000'],
  ['::1', '00000000000000000000000000000001'],
  ['1::', '00010000000000000000000000000000'],
  ['2001:db8::a', '20010db800000000000000000000000a'],
  ['1:0:0:2::3', '00010000000000020000000000000003'],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ['1:0:3:4:5:6:7:8', '00010000000300040005000600070008'],
];
for (const [text, hex] of ROWS) {
  test(`${text} is ${hex}`, () => {
    assert.is(ipFromBytes(bytes(hex)), text);
    assert.equal(ipToBytes(ip(text)), bytes(hex));
  });
}

/** Many zero groups, where the canonical form has its rules. */
const ipv6Bytes = fc
  .array(fc.oneof(fc.constant(0), fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])));

test('any IPv6 address is written as URLs write it, parsed as itself, and gives its bytes back', () => {
  fc.assert(
    fc.property(ipv6Bytes, (address) => {
      const text = ipFromBytes(address);
      assert.is(`[${text}]`, new URL(`http://[${text}]/`).hostname);
      assert.is(parseIp(text), text);
      assert.equal(ipToBytes(text), address);
    }),
  );
});

test('any IPv4 address and any MAC give their bytes back', () => {
  const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  fc.assert(
    fc.property(octets(4), octets(6), (address, mac) => {
      const text = ipFromBytes(address);
      assert.is(parseIp(text), text);
      assert.equal(ipToBytes(text), address);
      assert.is(parseMac(macFromBytes(mac)), macFromBytes(mac));
      assert.equal(macToBytes(macFromBytes(mac)), mac);
      assert.is(macFromBytes(Uint8Array.of(9, 9, ...mac), 2), macFromBytes(mac));
    }),
  );
});

test('the solicited-node group holds the low 24 bits', () => {
  assert.equal(
    solicitedNodeGroup(ip('2001:db8::1234:5678')),
    bytes('ff0200000000000000000001ff345678'),
  );
});

test.run();
