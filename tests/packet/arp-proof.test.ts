import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ARP_PROOF_LENGTH,
  decodeArpProof,
  encodeArpProof,
} from '../../modules/metallb/src/packet/arp-proof.ts';
import { bytes } from '../support/addresses.ts';

const VALUE = Uint8Array.from({ length: ARP_PROOF_LENGTH }, (_, index) => index);

test('a proof is read back from its trailer, padding behind it or not', () => {
  const trailer = encodeArpProof(VALUE);
  assert.equal(trailer, bytes('6d6c6231 000102030405060708090a0b0c0d0e0f'));
  assert.equal(decodeArpProof(trailer), VALUE);
  assert.equal(decodeArpProof(Uint8Array.from([...trailer, 0, 0, 0])), VALUE);
});

test('only the first bytes of a longer HMAC are carried', () => {
  assert.equal(encodeArpProof(Uint8Array.from([...VALUE, 1, 2, 3])), encodeArpProof(VALUE));
});

const PADDING: [string, Uint8Array][] = [
  ['nothing', new Uint8Array(0)],
  ['zeros', new Uint8Array(18)],
  ['long zeros', new Uint8Array(46)],
  ['a proof cut short', encodeArpProof(VALUE).subarray(0, 19)],
  ['another magic', Uint8Array.from(encodeArpProof(VALUE), (byte, at) => (at === 0 ? 0 : byte))],
];
for (const [name, trailer] of PADDING) {
  test(`${name} is no proof`, () => assert.is(decodeArpProof(trailer), undefined));
}

test.run();
