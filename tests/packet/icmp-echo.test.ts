import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeEchoReply, encodeEchoRequest } from '../../modules/metallb/src/packet/icmp-echo.ts';

const ECHO = { identifier: 0x1234, sequence: 7, payload: Uint8Array.of(1, 2, 3) };

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

test('requests of both families, the checksum of ICMPv6 left to the kernel', () => {
  // 0x0800 + 0x1234 + 0x0007 + 0x0102 + 0x0300 = 0x1e3d
  assert.is(hex(encodeEchoRequest('IPv4', ECHO)), '0800e1c212340007010203');
  assert.is(hex(encodeEchoRequest('IPv6', ECHO)), '8000000012340007010203');
});

test('replies of both families', () => {
  assert.equal(decodeEchoReply('IPv4', bytes('0000e9c212340007010203')), ECHO);
  assert.equal(decodeEchoReply('IPv6', bytes('8100abcd12340007010203')), ECHO);
});

const others: [name: string, family: 'IPv4' | 'IPv6', message: string][] = [
  ['a request', 'IPv4', '0800e1c212340007010203'],
  ['a request of ICMPv6', 'IPv6', '8000000012340007010203'],
  ['a reply of the other family', 'IPv6', '0000e9c212340007010203'],
  ['an unreachable message', 'IPv4', '0301000000000000'],
  ['a reply with a code', 'IPv4', '0001e9c112340007010203'],
];
for (const [name, family, message] of others) {
  test(`${name} is no reply`, () => {
    assert.is(decodeEchoReply(family, bytes(message)), undefined);
  });
}

const malformed: [name: string, message: string][] = [
  ['a wrong checksum', '0000e9c312340007010203'],
  ['a message that ends early', '0000fff8000700'],
  ['nothing', ''],
];
for (const [name, message] of malformed) {
  test(`${name} is malformed`, () => {
    assert.throws(() => decodeEchoReply('IPv4', bytes(message)), /ICMP echo/);
  });
}

test.run();
