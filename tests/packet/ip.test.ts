import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeEthernet } from '../../modules/metallb/src/packet/ethernet.ts';
import { decodeIpv4, encodeIpv4 } from '../../modules/metallb/src/packet/ipv4.ts';
import { decodeIpv6, encodeIpv6 } from '../../modules/metallb/src/packet/ipv6.ts';
import { decodeUdp, encodeUdp } from '../../modules/metallb/src/packet/udp.ts';
import { ip } from '../support/addresses.ts';
import { assertCodec, assertPrefixesRefused, assertTotal, isMalformed } from '../support/codec.ts';
import { golden } from '../support/golden.ts';

const IPV6 = decodeEthernet(golden('udp-ipv6-multicast')).payload;
const IPV4 = decodeEthernet(golden('udp-ipv4-multicast')).payload;
const ENDS_V6 = { source: ip('fe80::ff:fe00:a'), destination: ip('ff02::1') };
const ENDS_V4 = { source: ip('192.0.2.10'), destination: ip('224.0.0.18') };
const DATAGRAM = {
  sourcePort: 7475,
  destinationPort: 7475,
  payload: Uint8Array.from(Buffer.from('heartbeat')),
};

test('a captured IPv6 packet is its value and back', () => {
  assertCodec({
    bytes: IPV6,
    value: { ...ENDS_V6, nextHeader: 17, hopLimit: 1, payload: IPV6.subarray(40) },
    decode: decodeIpv6,
    encode: encodeIpv6,
  });
});

test('a captured IPv4 packet is its value; encoded it has the identification 0 of RFC 6864', () => {
  const value = { ...ENDS_V4, protocol: 17, ttl: 1, payload: IPV4.subarray(20) };
  assert.equal(decodeIpv4(IPV4), value);
  const withoutIdentification = Uint8Array.from(IPV4);
  withoutIdentification.set([0, 0], 4);
  withoutIdentification.set([0xd7, 0xab], 10);
  assertCodec({ bytes: withoutIdentification, value, decode: decodeIpv4, encode: encodeIpv4 });
  assertPrefixesRefused(IPV4, decodeIpv4);
});

test('Ethernet padding is cut off', () => {
  const padding = new Uint8Array(9).fill(1);
  assert.equal(decodeIpv6(Uint8Array.from([...IPV6, ...padding])), decodeIpv6(IPV6));
  assert.equal(decodeIpv4(Uint8Array.from([...IPV4, ...padding])), decodeIpv4(IPV4));
});

test('IPv4 options are skipped', () => {
  const header = IPV4.slice(0, 20);
  header[0] = 0x46;
  header[3] = IPV4.length + 4;
  // The four bytes more and the new version byte change the sum by 0x0100 + 4 + the option's 0x9404.
  header.set([0x4b, 0x94], 10);
  const packet = Uint8Array.from([...header, 0x94, 0x04, 0, 0, ...IPV4.subarray(20)]);
  assert.equal(decodeIpv4(packet), decodeIpv4(IPV4));
});

type Decode = (bytes: Uint8Array) => unknown;
const REFUSED: [string, Decode, Uint8Array, Record<number, number>, string][] = [
  ['IPv4 where IPv6 is due', decodeIpv6, IPV6, { 0: 0x45 }, 'version 4'],
  ['IPv6 where IPv4 is due', decodeIpv4, IPV4, { 0: 0x65 }, 'version 6'],
  ['an IPv4 header shorter than 20 bytes', decodeIpv4, IPV4, { 0: 0x44 }, 'header length 16'],
  ['a wrong IPv4 header checksum', decodeIpv4, IPV4, { 8: 2 }, 'header checksum'],
  ['an IPv4 length below its header', decodeIpv4, IPV4, { 3: 19, 11: 0xae }, '-1 bytes wanted'],
  ['the first IPv4 fragment', decodeIpv4, IPV4, { 6: 0x20, 10: 0, 11: 0x9d }, 'fragment'],
  ['a later IPv4 fragment', decodeIpv4, IPV4, { 7: 1, 11: 0x9b }, 'fragment'],
];
for (const [name, decode, packet, changes, message] of REFUSED) {
  test(`refuses ${name}`, () => {
    const changed = Uint8Array.from(packet);
    for (const [at, value] of Object.entries(changes)) changed[Number(at)] = value;
    assert.throws(() => decode(changed), message);
    assert.throws(() => decode(changed), isMalformed);
  });
}

test('a captured datagram over IPv6 and IPv4 is its value and back', () => {
  for (const [ends, bytes] of [
    [ENDS_V6, IPV6.subarray(40)],
    [ENDS_V4, IPV4.subarray(20)],
  ] as const) {
    assertCodec({
      bytes,
      value: DATAGRAM,
      decode: (input) => decodeUdp(input, ends),
      encode: (value) => encodeUdp(value, ends),
    });
  }
});

test('a datagram whose checksum is wrong is refused, also when the address is', () => {
  const wrong = Uint8Array.from(IPV6.subarray(40));
  wrong[8] = 0;
  assert.throws(() => decodeUdp(wrong, ENDS_V6), 'checksum');
  assert.throws(
    () => decodeUdp(IPV6.subarray(40), { ...ENDS_V6, source: ip('fe80::1') }),
    'checksum',
  );
});

test('a datagram without checksum is taken over IPv4 and refused over IPv6', () => {
  const without = Uint8Array.from(IPV4.subarray(20));
  without.set([0, 0], 6);
  assert.equal(decodeUdp(without, ENDS_V4), DATAGRAM);
  assert.throws(() => decodeUdp(without, ENDS_V6), 'checksum');
});

test('a checksum that comes out as zero is sent as all ones', () => {
  const ends = { source: ip('192.0.2.1'), destination: ip('192.0.2.2') };
  const empty = { sourcePort: 0, destinationPort: 0, payload: new Uint8Array(2) };
  const sum = encodeUdp(empty, ends).subarray(6, 8);
  const bytes = encodeUdp({ ...empty, payload: sum }, ends);
  assert.equal(bytes.subarray(6, 8), Uint8Array.of(0xff, 0xff));
  assert.equal(decodeUdp(bytes, ends).payload, sum);
});

test('any bytes give a value or MalformedPacketError', () => {
  assertTotal([IPV6], decodeIpv6);
  assertTotal([IPV4], decodeIpv4);
  assertTotal([IPV6.subarray(40)], (input) => decodeUdp(input, ENDS_V6));
});

test.run();
