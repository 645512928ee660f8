import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  announcement,
  announcementTo,
  confirmationProbe,
  firstAnnouncement,
  probe,
} from '../../modules/metallb/src/layer2/announcement.ts';
import { decodeArp } from '../../modules/metallb/src/packet/arp.ts';
import { decodeArpProof } from '../../modules/metallb/src/packet/arp-proof.ts';
import { decodeEthernet } from '../../modules/metallb/src/packet/ethernet.ts';
import { decodeIpv6 } from '../../modules/metallb/src/packet/ipv6.ts';
import { decodeNdp } from '../../modules/metallb/src/packet/ndp.ts';
import { bytes, ip, mac } from '../support/addresses.ts';
import { golden } from '../support/golden.ts';

const OWN = mac('02:00:00:00:00:0a');
const ASKER = { mac: mac('02:00:00:00:00:0b'), ip: ip('192.0.2.11') };
const ASKER_V6 = { mac: ASKER.mac, ip: ip('2001:db8::b') };
const IPV4 = ip('192.0.2.10');
const IPV6 = ip('2001:db8::c');
const BROADCAST = mac('ff:ff:ff:ff:ff:ff');
const ZERO = mac('00:00:00:00:00:00');
const NONCE = bytes('000102030405060708090a0b0c0d0e0f');

function arp(frame: Uint8Array) {
  const { destination, source, payload } = decodeEthernet(frame);
  const { trailer, ...packet } = decodeArp(payload);
  return { destination, source, packet, proof: decodeArpProof(trailer) };
}

function ndp(frame: Uint8Array) {
  const { destination, source, payload } = decodeEthernet(frame);
  const packet = decodeIpv6(payload);
  const ends = { source: packet.source, destination: packet.destination };
  return { destination, source, ends, message: decodeNdp(packet) };
}

function padded(frame: Uint8Array): Uint8Array {
  return Uint8Array.from([...frame, ...new Uint8Array(60 - frame.length)]);
}

test('the first IPv4 announcement is a gratuitous request', () => {
  assert.equal(arp(firstAnnouncement(IPV4, OWN)), {
    destination: BROADCAST,
    source: OWN,
    packet: {
      operation: 'request',
      senderHardwareAddress: OWN,
      senderIp: IPV4,
      targetHardwareAddress: ZERO,
      targetIp: IPV4,
    },
    proof: undefined,
  });
});

test('later IPv4 announcements add the reply form that arping sends', () => {
  assert.equal(announcement(IPV4, OWN), [
    firstAnnouncement(IPV4, OWN),
    padded(golden('arp-gratuitous-reply')),
  ]);
});

test('an IPv6 announcement is what the kernel sends with ndisc_notify', () => {
  assert.equal(firstAnnouncement(IPV6, OWN), golden('ndp-advertisement-unsolicited'));
  assert.equal(announcement(IPV6, OWN), [golden('ndp-advertisement-unsolicited')]);
});

test('one host is told by a unicast ARP reply', () => {
  assert.equal(announcementTo(ASKER, IPV4, OWN), padded(golden('arp-reply-unicast')));
});

test('one host is told by a unicast advertisement that overrides and is not solicited', () => {
  assert.equal(ndp(announcementTo(ASKER_V6, IPV6, OWN)), {
    destination: ASKER.mac,
    source: OWN,
    ends: { source: IPV6, destination: ASKER_V6.ip },
    message: {
      kind: 'neighbor-advertisement',
      target: IPV6,
      router: false,
      solicited: false,
      override: true,
      targetLinkLayerAddress: OWN,
    },
  });
});

test('an ARP probe comes from 0.0.0.0', () => {
  assert.equal(arp(probe(IPV4, OWN)), {
    destination: BROADCAST,
    source: OWN,
    packet: {
      operation: 'request',
      senderHardwareAddress: OWN,
      senderIp: ip('0.0.0.0'),
      targetHardwareAddress: ZERO,
      targetIp: IPV4,
    },
    proof: undefined,
  });
});

test('an NDP probe comes from :: to the solicited-node group, without options', () => {
  assert.equal(ndp(probe(IPV6, OWN)), {
    destination: mac('33:33:ff:00:00:0c'),
    source: OWN,
    ends: { source: ip('::'), destination: ip('ff02::1:ff00:c') },
    message: { kind: 'neighbor-solicitation', target: IPV6 },
  });
});

test('a confirmation probe carries its nonce, to the suspect and to everybody', () => {
  const question = { ip: IPV4, own: OWN, sender: ip('192.0.2.1'), nonce: NONCE };
  const toSuspect = arp(confirmationProbe({ ...question, to: ASKER.mac }));
  const toAll = arp(confirmationProbe({ ...question, to: undefined }));
  assert.is(toSuspect.destination, ASKER.mac);
  assert.is(toAll.destination, BROADCAST);
  for (const { packet, proof } of [toSuspect, toAll]) {
    assert.is(packet.operation, 'request');
    assert.is(packet.senderIp, ip('192.0.2.1'));
    assert.is(packet.targetIp, IPV4);
    assert.equal(proof, NONCE);
  }
});

test('an NDP confirmation probe carries its nonce, to the suspect and to the group', () => {
  const nonce = NONCE.subarray(0, 14);
  const question = { ip: IPV6, own: OWN, sender: ip('fe80::1'), nonce };
  const toSuspect = ndp(confirmationProbe({ ...question, to: ASKER.mac }));
  const toAll = ndp(confirmationProbe({ ...question, to: undefined }));
  assert.is(toSuspect.destination, ASKER.mac);
  assert.equal(toSuspect.ends, { source: ip('fe80::1'), destination: IPV6 });
  assert.is(toAll.destination, mac('33:33:ff:00:00:0c'));
  assert.equal(toAll.ends, { source: ip('fe80::1'), destination: ip('ff02::1:ff00:c') });
  for (const { message } of [toSuspect, toAll]) {
    const kind = 'neighbor-solicitation';
    assert.equal(message, { kind, target: IPV6, sourceLinkLayerAddress: OWN, nonce });
  }
});

test.run();
