import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { internetChecksum } from '../../modules/metallb/src/packet/checksum.ts';
import { bytes } from '../support/addresses.ts';

const ROWS: [string, string, number][] = [
  ['RFC 1071 §3', '0001 f203 f4f5 f6f7', 0x220d],
  ['no bytes', '', 0xffff],
  ['an odd number of bytes: the last is a high byte', '0001 f2', 0x0dfe],
  ['all ones', 'ffff ffff', 0],
  ['a header that holds its checksum', '4500 0025 f70e 4000 0111 e09c c000 020a e000 0012', 0],
];
for (const [name, input, expected] of ROWS) {
  test(name, () => assert.is(internetChecksum(bytes(input)), expected));
}

test('the longest packet does not overflow the sum', () => {
  assert.is(internetChecksum(new Uint8Array(65_535).fill(0xff)), 0x00ff);
});

test.run();
