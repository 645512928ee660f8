import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  announcement,
  announcementTo,
  confirmationProbe,
  probe,
} from '../../modules/metallb/src/layer2/announcement.ts';
import { respondToArp } from '../../modules/metallb/src/layer2/arp-responder.ts';
import {
  type Claim,
  classifyClaim,
  looksLikeQuestion,
} from '../../modules/metallb/src/layer2/claim.ts';
import { encodeArp } from '../../modules/metallb/src/packet/arp.ts';
import {
  decodeEthernet,
  ETHER_TYPE_ARP,
  ETHER_TYPE_IPV6,
} from '../../modules/metallb/src/packet/ethernet.ts';
import { bytes, ip, mac } from '../support/addresses.ts';
import { golden } from '../support/golden.ts';

const A = mac('02:00:00:00:00:0a');
const B = mac('02:00:00:00:00:0b');
const IP_A = ip('192.0.2.10');
const IP_B = ip('192.0.2.11');

const CAPTURED: [string, Claim | undefined][] = [
  ['arp-request-broadcast', undefined],
  ['arp-reply-unicast', { kind: 'reply', ip: IP_A, mac: A }],
  ['arp-gratuitous-request', { kind: 'announcement', ip: IP_A, mac: A }],
  ['arp-gratuitous-reply', { kind: 'announcement', ip: IP_A, mac: A }],
  ['arp-probe', undefined],
  ['ndp-solicitation-multicast', undefined],
  ['ndp-solicitation-unicast', undefined],
  ['ndp-solicitation-duplicate-detection', undefined],
  ['ndp-advertisement-solicited', { kind: 'reply', ip: ip('2001:db8::a'), mac: A }],
  ['ndp-advertisement-without-option', { kind: 'reply', ip: ip('2001:db8::b'), mac: B }],
  ['ndp-advertisement-unsolicited', { kind: 'announcement', ip: ip('2001:db8::c'), mac: A }],
  ['udp-ipv4-multicast', undefined],
  ['udp-ipv6-multicast', undefined],
];
for (const [name, claim] of CAPTURED) {
  test(`${name} claims ${claim === undefined ? 'nothing' : `as ${claim.kind}`}`, () => {
    assert.equal(classifyClaim(decodeEthernet(golden(name))), claim);
  });
}

test('what is announced here is recognised there', () => {
  for (const address of [IP_A, ip('2001:db8::a')]) {
    for (const frame of announcement(address, A)) {
      assert.equal(classifyClaim(decodeEthernet(frame)), {
        kind: 'announcement',
        ip: address,
        mac: A,
      });
    }
    assert.is(classifyClaim(decodeEthernet(probe(address, A))), undefined);
  }
  const told = announcementTo({ mac: B, ip: IP_B }, IP_A, A);
  assert.equal(classifyClaim(decodeEthernet(told)), { kind: 'reply', ip: IP_A, mac: A });
});

test('the proof in an answer to a confirmation probe is handed on', () => {
  const nonce = bytes('000102030405060708090a0b0c0d0e0f');
  const question = confirmationProbe({ ip: IP_A, own: B, sender: IP_B, to: A, nonce });
  const response = respondToArp(decodeEthernet(question), A, () => ({
    mac: A,
    override: true,
    proof: (asked) => Uint8Array.from(asked).reverse(),
  }));
  const reply = 'reply' in response ? response.reply : new Uint8Array(0);
  assert.equal(classifyClaim(decodeEthernet(reply)), {
    kind: 'reply',
    ip: IP_A,
    mac: A,
    proof: Uint8Array.from(nonce).reverse(),
  });
});

test('a claim in another VLAN is none', () => {
  const frame = { ...decodeEthernet(golden('arp-gratuitous-reply')), vlanId: 5 };
  assert.is(classifyClaim(frame), undefined);
});

for (const [name, claim] of CAPTURED.slice(0, -2)) {
  const looks = claim === undefined ? 'a question' : 'no question';
  test(`${name} looks like ${looks} at a glance`, () => {
    assert.is(looksLikeQuestion(decodeEthernet(golden(name))), claim === undefined);
  });
}

test('a glance misses no claim, however the frame is changed', () => {
  const seeds = CAPTURED.map(([name]) => golden(name));
  const change = fc.tuple(fc.nat(200), fc.nat(255));
  fc.assert(
    fc.property(fc.constantFrom(...seeds), fc.array(change, { maxLength: 4 }), (seed, changes) => {
      const bytes = Uint8Array.from(seed);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      const frame = decodeEthernet(bytes);
      assert.not.ok(looksLikeQuestion(frame) && classifyClaim(frame) !== undefined);
    }),
  );
});

test('any frame is a claim or none, and never throws', () => {
  const start = encodeArp({
    operation: 'reply',
    senderHardwareAddress: A,
    senderIp: IP_A,
    targetHardwareAddress: B,
    targetIp: IP_B,
    trailer: new Uint8Array(0),
  }).subarray(0, 8);
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 90 }),
    fc.uint8Array({ maxLength: 50 }).map((tail) => Uint8Array.from([...start, ...tail])),
  );
  const etherType = fc.constantFrom(ETHER_TYPE_ARP, ETHER_TYPE_IPV6);
  fc.assert(
    fc.property(etherType, payload, (type, body) => {
      const frame = { destination: A, source: B, etherType: type, payload: body };
      const claim = classifyClaim(frame);
      assert.ok(claim === undefined || claim.mac.length === 17);
    }),
  );
});

test.run();
