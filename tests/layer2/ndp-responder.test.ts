import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeNdpFrame } from '../../modules/metallb/src/layer2/announcement.ts';
import type { Answer } from '../../modules/metallb/src/layer2/answer.ts';
import type { DropReason } from '../../modules/metallb/src/layer2/drop-reason.ts';
import { respondToNdp } from '../../modules/metallb/src/layer2/ndp-responder.ts';
import type { IpAddress } from '../../modules/metallb/src/net/ip.ts';
import { decodeEthernet, type EthernetFrame } from '../../modules/metallb/src/packet/ethernet.ts';
import { decodeIpv6, type Ipv6Packet } from '../../modules/metallb/src/packet/ipv6.ts';
import {
  decodeNdp,
  type NdpMessage,
  type NeighborSolicitation,
} from '../../modules/metallb/src/packet/ndp.ts';
import { bytes, ip, mac } from '../support/addresses.ts';
import { golden } from '../support/golden.ts';

const OWN = mac('02:00:00:00:00:0a');
const CLIENT = mac('02:00:00:00:00:0b');
const RESTARTING = mac('02:00:00:00:00:0d');
const OUR_IP = ip('2001:db8::a');
const CLIENT_IP = ip('2001:db8::b');
const GROUP = ip('ff02::1:ff00:a');
const GROUP_MAC = mac('33:33:ff:00:00:0a');
const ANSWER: Answer = { mac: OWN, override: true };

interface Question extends Partial<NeighborSolicitation> {
  readonly to?: string;
  readonly from?: string;
  readonly source?: string;
  readonly destination?: IpAddress;
}

function frameOf({ to, from, source, destination, ...message }: Question = {}): EthernetFrame {
  const solicitation = { kind: 'neighbor-solicitation', target: OUR_IP, ...message } as const;
  const frame = encodeNdpFrame(solicitation, {
    own: mac(from ?? CLIENT),
    to: mac(to ?? GROUP_MAC),
    source: ip(source ?? CLIENT_IP),
    destination: destination ?? GROUP,
  });
  return decodeEthernet(frame);
}

function respond(frame: EthernetFrame, answer: Answer = ANSWER) {
  return respondToNdp(frame, OWN, (asked) => (asked === OUR_IP ? answer : undefined));
}

interface Reply {
  readonly frame: EthernetFrame;
  readonly packet: Ipv6Packet;
  readonly message: NdpMessage | undefined;
}

function replyTo(frame: EthernetFrame, answer?: Answer): Reply {
  const response = respond(frame, answer);
  if (!('reply' in response)) throw new Error(`dropped: ${response.drop}`);
  const reply = decodeEthernet(response.reply);
  const packet = decodeIpv6(reply.payload);
  return { frame: reply, packet, message: decodeNdp(packet) };
}

const ADVERTISEMENT = {
  kind: 'neighbor-advertisement',
  target: OUR_IP,
  router: false,
  solicited: true,
  override: true,
  targetLinkLayerAddress: OWN,
} as const;

test('answers the kernel’s multicast solicitation as the kernel would', () => {
  const response = respond(decodeEthernet(golden('ndp-solicitation-multicast')));
  assert.ok('reply' in response);
  assert.equal(response.reply, golden('ndp-advertisement-solicited'));
});

test('answers the kernel’s unicast solicitation', () => {
  const frame = decodeEthernet(golden('ndp-solicitation-unicast'));
  const target = ip('2001:db8::b');
  const response = respondToNdp(frame, CLIENT, (asked) =>
    asked === target ? { mac: CLIENT, override: true } : undefined,
  );
  assert.ok('reply' in response);
});

test('answers a unicast solicitation without source link-layer address, to the frame’s source', () => {
  const reply = replyTo(frameOf({ to: OWN, destination: OUR_IP }));
  assert.is(reply.frame.destination, CLIENT);
  assert.is(reply.packet.destination, CLIENT_IP);
  assert.equal(reply.message, ADVERTISEMENT);
});

test('answers to the source link-layer address where there is one', () => {
  const router = mac('00:00:5e:00:02:01');
  assert.is(replyTo(frameOf({ sourceLinkLayerAddress: router })).frame.destination, router);
});

test('answers the kernel’s duplicate detection to all nodes, as not solicited', () => {
  const frame = decodeEthernet(golden('ndp-solicitation-duplicate-detection'));
  const response = respondToNdp(frame, OWN, () => ANSWER);
  const reply = decodeEthernet('reply' in response ? response.reply : new Uint8Array(0));
  const packet = decodeIpv6(reply.payload);
  assert.is(reply.destination, mac('33:33:00:00:00:01'));
  assert.is(packet.destination, ip('ff02::1'));
  assert.equal(decodeNdp(packet), {
    ...ADVERTISEMENT,
    target: ip('2001:db8::b'),
    solicited: false,
    nonce: bytes('f5daedc8a401'),
  });
});

test('does not override while the answer says so', () => {
  const { message } = replyTo(frameOf(), { ...ANSWER, override: false });
  assert.equal(message, { ...ADVERTISEMENT, override: false });
});

test('tells the address of a restarting node, but sends from its own', () => {
  const reply = replyTo(frameOf(), { mac: RESTARTING, override: true });
  assert.equal(reply.message, { ...ADVERTISEMENT, targetLinkLayerAddress: RESTARTING });
  assert.is(reply.frame.source, OWN);
});

test('the advertisement comes from the target address', () => {
  assert.is(replyTo(frameOf()).packet.source, OUR_IP);
});

const NONCE = bytes('000102030405060708090a0b0c0d');

test('echoes a nonce', () => {
  assert.equal(replyTo(frameOf({ nonce: NONCE })).message, { ...ADVERTISEMENT, nonce: NONCE });
});

test('signs the nonce of a confirmation probe instead of echoing it', () => {
  const proof = (nonce: Uint8Array, length: number) =>
    Uint8Array.from({ length }, (_, index) => (nonce[index] ?? 0) + 1);
  assert.equal(replyTo(frameOf({ nonce: NONCE }), { ...ANSWER, proof }).message, {
    ...ADVERTISEMENT,
    nonce: bytes('0102030405060708090a0b0c0d0e 0101010101010101'),
  });
});

const FRAGMENT = Uint8Array.from(frameOf().payload);
FRAGMENT[6] = 44;
const TCP = Uint8Array.from(frameOf().payload);
TCP[6] = 6;

const DROPS: [string, EthernetFrame, DropReason][] = [
  ['a solicitation for another IP', frameOf({ target: ip('2001:db8:1::a') }), 'not-our-address'],
  ['one to another station', frameOf({ to: RESTARTING, destination: OUR_IP }), 'not-for-us'],
  ['one to another group', frameOf({ to: '33:33:ff:00:00:0b' }), 'not-for-us'],
  ['one to all nodes', frameOf({ to: '33:33:00:00:00:01' }), 'not-for-us'],
  ['one by broadcast', frameOf({ to: 'ff:ff:ff:ff:ff:ff' }), 'not-for-us'],
  ['a tagged frame', { ...frameOf(), vlanId: 7 }, 'foreign-vlan'],
  ['our own frame', frameOf({ from: OWN }), 'own-frame'],
  ['our own address as link-layer option', frameOf({ sourceLinkLayerAddress: OWN }), 'own-frame'],
  [
    'a multicast link-layer option',
    frameOf({ sourceLinkLayerAddress: GROUP_MAC }),
    'invalid-sender',
  ],
  ['a fragment', { ...frameOf(), payload: FRAGMENT }, 'fragment'],
  ['another protocol over IPv6', { ...frameOf(), payload: TCP }, 'other-protocol'],
  ['another protocol', { ...frameOf(), etherType: 0x0806 }, 'other-protocol'],
  ['a cut-off packet', { ...frameOf(), payload: new Uint8Array(39) }, 'malformed'],
  ['an advertisement', decodeEthernet(golden('ndp-advertisement-unsolicited')), 'own-frame'],
  [
    'an advertisement of another host',
    { ...decodeEthernet(golden('ndp-advertisement-unsolicited')), source: CLIENT },
    'not-a-request',
  ],
];
for (const [name, frame, drop] of DROPS) {
  test(`drops ${name}`, () => {
    const response = respond(frame);
    assert.is('drop' in response && response.drop, drop);
  });
}

test('tells of every well-formed question, answered or not, who asked', () => {
  for (const answer of [ANSWER, undefined]) {
    const { question } = respondToNdp(frameOf(), OWN, () => answer);
    assert.equal(question, { ip: OUR_IP, asker: { mac: CLIENT, ip: CLIENT_IP } });
  }
});

test('any frame gets a reply or a drop, and never throws', () => {
  const seed = golden('ndp-solicitation-multicast');
  const change = fc.tuple(fc.nat(seed.length - 1), fc.nat(255));
  const length = fc.integer({ min: 18, max: seed.length });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 3 }), length, (changes, kept) => {
      const frame = Uint8Array.from(seed.subarray(0, kept));
      for (const [at, value] of changes) frame[at % kept] = value;
      const response = respondToNdp(decodeEthernet(frame), OWN, () => ANSWER);
      assert.ok('reply' in response ? response.reply.length >= 60 : response.drop.length > 0);
    }),
  );
});

test.run();
