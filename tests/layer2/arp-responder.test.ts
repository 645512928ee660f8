import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Answer } from '../../modules/metallb/src/layer2/answer.ts';
import { respondToArp } from '../../modules/metallb/src/layer2/arp-responder.ts';
import type { DropReason } from '../../modules/metallb/src/layer2/drop-reason.ts';
import { type ArpPacket, decodeArp, encodeArp } from '../../modules/metallb/src/packet/arp.ts';
import { decodeArpProof, encodeArpProof } from '../../modules/metallb/src/packet/arp-proof.ts';
import {
  decodeEthernet,
  ETHER_TYPE_ARP,
  type EthernetFrame,
} from '../../modules/metallb/src/packet/ethernet.ts';
import { bytes, ip, mac } from '../support/addresses.ts';
import { golden } from '../support/golden.ts';

const OWN = mac('02:00:00:00:00:0a');
const CLIENT = mac('02:00:00:00:00:0b');
const RESTARTING = mac('02:00:00:00:00:0d');
const BROADCAST = mac('ff:ff:ff:ff:ff:ff');
const OUR_IP = ip('192.0.2.10');
const CLIENT_IP = ip('192.0.2.11');
const ANSWER: Answer = { mac: OWN, override: true };

const REQUEST: ArpPacket = {
  operation: 'request',
  senderHardwareAddress: CLIENT,
  senderIp: CLIENT_IP,
  targetHardwareAddress: mac('00:00:00:00:00:00'),
  targetIp: OUR_IP,
  trailer: new Uint8Array(18),
};

function frameOf(packet: Partial<ArpPacket>, header: Partial<EthernetFrame> = {}): EthernetFrame {
  return {
    destination: BROADCAST,
    source: CLIENT,
    etherType: ETHER_TYPE_ARP,
    payload: encodeArp({ ...REQUEST, ...packet }),
    ...header,
  };
}

function respond(frame: EthernetFrame, answer: Answer = ANSWER) {
  return respondToArp(frame, OWN, (asked) => (asked === OUR_IP ? answer : undefined));
}

function replyTo(frame: EthernetFrame, answer?: Answer): EthernetFrame & { packet: ArpPacket } {
  const response = respond(frame, answer);
  if (!('reply' in response)) throw new Error(`dropped: ${response.drop}`);
  const reply = decodeEthernet(response.reply);
  return { ...reply, packet: decodeArp(reply.payload) };
}

test('answers the kernel’s request as the kernel would', () => {
  const response = respond(decodeEthernet(golden('arp-request-broadcast')));
  const captured = golden('arp-reply-unicast');
  assert.ok('reply' in response);
  assert.equal(response.reply, Uint8Array.from([...captured, ...new Uint8Array(18)]));
});

const DROPS: [string, EthernetFrame, DropReason][] = [
  ['a request for another IP', frameOf({ targetIp: ip('192.0.2.99') }), 'not-our-address'],
  ['a request to another station', frameOf({}, { destination: RESTARTING }), 'not-for-us'],
  ['a request to a group', frameOf({}, { destination: mac('01:00:5e:00:00:01') }), 'not-for-us'],
  ['a tagged frame', frameOf({}, { vlanId: 100 }), 'foreign-vlan'],
  ['our own frame', frameOf({}, { source: OWN }), 'own-frame'],
  ['our address as sender', frameOf({ senderHardwareAddress: OWN }), 'own-frame'],
  ['a reply', frameOf({ operation: 'reply' }), 'not-a-request'],
  ['a gratuitous request', frameOf({ senderIp: OUR_IP }), 'announcement'],
  [
    'the zero sender address',
    frameOf({ senderHardwareAddress: mac('00:00:00:00:00:00') }),
    'invalid-sender',
  ],
  ['a broadcast sender address', frameOf({ senderHardwareAddress: BROADCAST }), 'invalid-sender'],
  [
    'a multicast sender address',
    frameOf({ senderHardwareAddress: mac('01:00:5e:00:00:01') }),
    'invalid-sender',
  ],
  ['another protocol', frameOf({}, { etherType: 0x0800 }), 'other-protocol'],
  ['a cut-off packet', frameOf({}, { payload: new Uint8Array(27) }), 'malformed'],
];
for (const [name, frame, drop] of DROPS) {
  test(`drops ${name}`, () => {
    const response = respond(frame);
    assert.is('drop' in response && response.drop, drop);
  });
}

test('answers a unicast request', () => {
  assert.is(replyTo(frameOf({}, { destination: OWN })).packet.senderIp, OUR_IP);
});

test('answers the kernel’s probe', () => {
  const frame = decodeEthernet(golden('arp-probe'));
  const response = respondToArp(frame, CLIENT, (asked) =>
    asked === CLIENT_IP ? { mac: CLIENT, override: true } : undefined,
  );
  const reply = decodeEthernet('reply' in response ? response.reply : new Uint8Array(0));
  assert.is(reply.destination, OWN);
  assert.is(decodeArp(reply.payload).senderIp, CLIENT_IP);
  assert.is(decodeArp(reply.payload).targetIp, ip('0.0.0.0'));
});

test('replies to the sender hardware address, not to the source of the frame', () => {
  const router = mac('00:00:5e:00:01:01');
  const reply = replyTo(frameOf({ senderHardwareAddress: router }));
  assert.is(reply.destination, router);
  assert.is(reply.packet.targetHardwareAddress, router);
});

test('tells the address of a restarting node, but sends from its own', () => {
  const reply = replyTo(frameOf({}), { mac: RESTARTING, override: true });
  assert.is(reply.packet.senderHardwareAddress, RESTARTING);
  assert.is(reply.source, OWN);
});

const NONCE = bytes('000102030405060708090a0b0c0d0e0f');

test('signs the nonce of a confirmation probe', () => {
  const proof = (nonce: Uint8Array, length: number) =>
    nonce.map((byte) => byte ^ 0xff).subarray(0, length);
  const reply = replyTo(frameOf({ trailer: encodeArpProof(NONCE) }), { ...ANSWER, proof });
  assert.equal(decodeArpProof(reply.packet.trailer), bytes('fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0'));
});

test('does not send back a nonce that it may not sign', () => {
  const reply = replyTo(frameOf({ trailer: encodeArpProof(NONCE) }));
  assert.equal(reply.packet.trailer, new Uint8Array(18));
});

test('tells of every well-formed question, answered or not, who asked', () => {
  for (const answer of [ANSWER, undefined]) {
    const { question } = respondToArp(frameOf({}), OWN, () => answer);
    assert.equal(question, { ip: OUR_IP, asker: { mac: CLIENT, ip: CLIENT_IP } });
  }
});

test('any frame gets a reply or a drop, and never throws', () => {
  const addresses = fc.constantFrom(OWN, CLIENT, BROADCAST);
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.uint8Array({ minLength: 20, maxLength: 40 }).map((tail) => {
      const start = bytes('0001080006040001');
      return Uint8Array.from([...start, ...tail]);
    }),
  );
  fc.assert(
    fc.property(addresses, addresses, payload, (destination, source, body) => {
      const frame = { destination, source, etherType: ETHER_TYPE_ARP, payload: body };
      const response = respondToArp(frame, OWN, () => ANSWER);
      assert.ok('reply' in response ? response.reply.length >= 60 : response.drop.length > 0);
    }),
  );
});

test.run();
