import { deepStrictEqual, ok } from 'node:assert';
import { ipFromBytes } from '../../../modules/metallb/src/net/ip.ts';
import {
  decodeArp,
  encodeArp,
  looksLikeArpQuestion,
} from '../../../modules/metallb/src/packet/arp.ts';
import {
  ARP_PROOF_LENGTH,
  decodeArpProof,
  encodeArpProof,
} from '../../../modules/metallb/src/packet/arp-proof.ts';
import {
  decodeEthernet,
  type EthernetFrame,
  encodeEthernet,
} from '../../../modules/metallb/src/packet/ethernet.ts';
import { decodeIpv4, encodeIpv4 } from '../../../modules/metallb/src/packet/ipv4.ts';
import {
  decodeIpv6,
  encodeIpv6,
  IPV6_HEADER_LENGTH,
  PROTOCOL_UDP,
} from '../../../modules/metallb/src/packet/ipv6.ts';
import {
  decodeNdp,
  encodeNdp,
  looksLikeSolicitation,
} from '../../../modules/metallb/src/packet/ndp.ts';
import { decodeUdp, encodeUdp } from '../../../modules/metallb/src/packet/udp.ts';
import { golden, goldenNames } from '../../support/golden.ts';
import type { Target } from '../target.ts';
import { mendIpv4, mendIpv6, mendTransport } from './mend.ts';
import { decodedWithin, packetTarget, sameBytes } from './packet-target.ts';

const ETHERNET_HEADER = 14;
const ETHER_TYPE_VLAN = 0x8100;
const IPV4_HEADER = 20;

/** What golden frames of these protocols hold behind their first bytes. */
function goldenBehind(headers: number, ...prefixes: readonly string[]): Uint8Array[] {
  return goldenNames()
    .filter((name) => prefixes.some((prefix) => name.startsWith(prefix)))
    .map((name) => golden(name).subarray(headers));
}

interface Codec<T> {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  readonly mend?: Target['mend'];
  readonly decode: (input: Uint8Array) => T;
  /** Of what was decoded from the input. @throws what is wrong */
  readonly check: (value: NonNullable<T>, input: Uint8Array) => void;
}

function codec<T>({ name, seeds, mend, decode, check }: Codec<T>): Target {
  return packetTarget({
    ...{ name, seeds, mend },
    check: (input) => {
      const value = decodedWithin(decode, input);
      if (value !== undefined && value !== null) check(value, input);
    },
  });
}

/** Nothing that this module sends is tagged, and everything is padded. */
function checkEthernet({ vlanId, ...frame }: EthernetFrame): void {
  if (vlanId !== undefined || frame.etherType === ETHER_TYPE_VLAN) return;
  const { payload, ...again } = decodeEthernet(encodeEthernet(frame));
  const { payload: before, ...header } = frame;
  deepStrictEqual(again, header);
  sameBytes(payload.subarray(0, before.length), before);
  ok(payload.subarray(before.length).every((byte) => byte === 0));
}

/** The first byte chooses the family of the addresses that the checksum runs over. */
function udpEnds([first = 0]: Uint8Array) {
  const address = ipFromBytes(new Uint8Array(first % 2 === 0 ? 4 : 16).fill(1));
  return { source: address, destination: address };
}

function mended(mend: (packet: Uint8Array) => void): (input: Uint8Array) => Uint8Array {
  return (input) => {
    const packet = Uint8Array.from(input);
    mend(packet);
    return packet;
  };
}

export const PACKET_TARGETS: readonly Target[] = [
  codec({
    name: 'ethernet',
    seeds: goldenBehind(0, ''),
    decode: decodeEthernet,
    check: checkEthernet,
  }),
  codec({
    name: 'arp',
    seeds: goldenBehind(ETHERNET_HEADER, 'arp-'),
    decode: decodeArp,
    check: (packet, input) => {
      sameBytes(encodeArp(packet), input);
      const isQuestion = packet.operation === 'request' && packet.senderIp !== packet.targetIp;
      deepStrictEqual(looksLikeArpQuestion(input), isQuestion);
    },
  }),
  codec({
    name: 'arp-proof',
    seeds: [encodeArpProof(new Uint8Array(ARP_PROOF_LENGTH).fill(7))],
    decode: decodeArpProof,
    check: (proof, input) => {
      const trailer = encodeArpProof(proof);
      sameBytes(trailer, input.subarray(0, trailer.length));
    },
  }),
  codec({
    name: 'ipv4',
    seeds: goldenBehind(ETHERNET_HEADER, 'udp-ipv4'),
    mend: mended((packet) => mendIpv4(packet)),
    decode: decodeIpv4,
    check: (packet) => deepStrictEqual(decodeIpv4(encodeIpv4(packet)), packet),
  }),
  codec({
    name: 'ipv6',
    seeds: goldenBehind(ETHERNET_HEADER, 'udp-ipv6', 'ndp-'),
    decode: decodeIpv6,
    check: (packet) => deepStrictEqual(decodeIpv6(encodeIpv6(packet)), packet),
  }),
  codec({
    name: 'udp',
    seeds: [
      ...goldenBehind(ETHERNET_HEADER + IPV4_HEADER, 'udp-ipv4'),
      ...goldenBehind(ETHERNET_HEADER + IPV6_HEADER_LENGTH, 'udp-ipv6'),
    ],
    mend: mended((datagram) => mendTransport(datagram, PROTOCOL_UDP, udpEnds(datagram))),
    decode: (input) => ({ ...decodeUdp(input, udpEnds(input)), ends: udpEnds(input) }),
    check: ({ ends, ...datagram }) =>
      deepStrictEqual(decodeUdp(encodeUdp(datagram, ends), ends), datagram),
  }),
  codec({
    name: 'ndp',
    seeds: goldenBehind(ETHERNET_HEADER, 'ndp-'),
    mend: mended((packet) => mendIpv6(packet)),
    decode: (input) => {
      const ends = decodeIpv6(input);
      const message = decodeNdp(ends);
      return message && { message, ends };
    },
    check: ({ message, ends }, input) => {
      deepStrictEqual(decodeNdp(decodeIpv6(encodeNdp(message, ends))), message);
      deepStrictEqual(looksLikeSolicitation(input), message.kind === 'neighbor-solicitation');
    },
  }),
];
