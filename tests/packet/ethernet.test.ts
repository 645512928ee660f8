import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  decodeEthernet,
  ETHER_TYPE_ARP,
  encodeEthernet,
} from '../../modules/metallb/src/packet/ethernet.ts';
import { bytes, mac } from '../support/addresses.ts';
import { assertPrefixesRefused, assertTotal } from '../support/codec.ts';
import { golden } from '../support/golden.ts';

const ADDRESSES = 'ffffffffffff 02000000000b';
const HEADER = {
  destination: mac('ff:ff:ff:ff:ff:ff'),
  source: mac('02:00:00:00:00:0b'),
  etherType: ETHER_TYPE_ARP,
};

test('a frame of full length is its value and back', () => {
  const payload = new Uint8Array(46).fill(7);
  const frame = Uint8Array.from([...bytes(`${ADDRESSES} 0806`), ...payload]);
  assert.equal(decodeEthernet(frame), { ...HEADER, payload });
  assert.equal(encodeEthernet({ ...HEADER, payload }), frame);
  // A payload may have any length, so only prefixes of the header are refused.
  assertPrefixesRefused(frame.subarray(0, 14), decodeEthernet);
});

test('a captured short frame is padded with zeros to 60 bytes when encoded', () => {
  const frame = golden('arp-request-broadcast');
  const encoded = encodeEthernet(decodeEthernet(frame));
  assert.equal(encoded, Uint8Array.from([...frame, ...new Uint8Array(18)]));
});

const TAGS: [string, string, { vlanId?: number }][] = [
  ['VLAN 0 is untagged', '8100 0000 0806', {}],
  ['VLAN 0 with a priority is untagged', '8100 e000 0806', {}],
  ['another VLAN is named', '8100 0064 0806', { vlanId: 100 }],
  ['the highest VLAN is named', '8100 ffff 0806', { vlanId: 4095 }],
];
for (const [name, header, vlan] of TAGS) {
  test(name, () => {
    const frame = bytes(`${ADDRESSES} ${header} abcd`);
    assert.equal(decodeEthernet(frame), { ...HEADER, payload: bytes('abcd'), ...vlan });
    assertPrefixesRefused(frame.subarray(0, 18), decodeEthernet);
  });
}

test('any bytes give a value or MalformedPacketError', () => {
  assertTotal([golden('arp-request-broadcast'), bytes(`${ADDRESSES} 8100 0000 0806`)], (input) =>
    decodeEthernet(input),
  );
});

test.run();
