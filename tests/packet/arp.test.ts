import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ArpPacket, decodeArp, encodeArp } from '../../modules/metallb/src/packet/arp.ts';
import { decodeEthernet } from '../../modules/metallb/src/packet/ethernet.ts';
import { ip, mac } from '../support/addresses.ts';
import { assertCodec, assertTotal, isMalformed } from '../support/codec.ts';
import { golden } from '../support/golden.ts';

const A = mac('02:00:00:00:00:0a');
const B = mac('02:00:00:00:00:0b');
const ZERO = mac('00:00:00:00:00:00');
const BROADCAST = mac('ff:ff:ff:ff:ff:ff');
const IP_A = ip('192.0.2.10');
const IP_B = ip('192.0.2.11');

type Row = [string, ArpPacket['operation'], [string, string], [string, string]];
const CAPTURED: Row[] = [
  ['arp-request-broadcast', 'request', [B, IP_B], [ZERO, IP_A]],
  ['arp-reply-unicast', 'reply', [A, IP_A], [B, IP_B]],
  ['arp-gratuitous-request', 'request', [A, IP_A], [BROADCAST, IP_A]],
  ['arp-gratuitous-reply', 'reply', [A, IP_A], [A, IP_A]],
  ['arp-probe', 'request', [A, '0.0.0.0'], [BROADCAST, IP_B]],
];

for (const [name, operation, [senderMac, senderIp], [targetMac, targetIp]] of CAPTURED) {
  test(`${name} is its value and back`, () => {
    assertCodec({
      bytes: decodeEthernet(golden(name)).payload,
      value: {
        operation,
        senderHardwareAddress: mac(senderMac),
        senderIp: ip(senderIp),
        targetHardwareAddress: mac(targetMac),
        targetIp: ip(targetIp),
        trailer: new Uint8Array(0),
      },
      decode: decodeArp,
      encode: encodeArp,
    });
  });
}

test('bytes behind the packet are its trailer, whatever their number', () => {
  const packet = decodeEthernet(golden('arp-request-broadcast')).payload;
  for (const length of [1, 18, 100]) {
    const trailer = new Uint8Array(length).fill(5);
    const value = { ...decodeArp(packet), trailer };
    assert.equal(decodeArp(encodeArp(value)), value);
  }
});

const REFUSED: [string, number, number][] = [
  ['another hardware type', 1, 6],
  ['another protocol', 3, 6],
  ['another hardware address length', 4, 8],
  ['another protocol address length', 5, 16],
  ['the operation 0', 7, 0],
  ['a reverse ARP request', 7, 3],
];
for (const [name, at, value] of REFUSED) {
  test(`refuses ${name}`, () => {
    const packet = Uint8Array.from(decodeEthernet(golden('arp-request-broadcast')).payload);
    packet[at] = value;
    assert.throws(() => decodeArp(packet), isMalformed);
  });
}

test('any bytes give a value or MalformedPacketError', () => {
  assertTotal(
    CAPTURED.map(([name]) => decodeEthernet(golden(name)).payload),
    decodeArp,
  );
});

test.run();
