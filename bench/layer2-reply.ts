import { encodeNdpFrame } from '../modules/metallb/src/layer2/announcement.ts';
import type { Answer, Lookup, Response } from '../modules/metallb/src/layer2/answer.ts';
import { respondToArp } from '../modules/metallb/src/layer2/arp-responder.ts';
import { respondToNdp } from '../modules/metallb/src/layer2/ndp-responder.ts';
import {
  type IpAddress,
  ipFromBigInt,
  ipFromBytes,
  solicitedNodeGroup,
} from '../modules/metallb/src/net/ip.ts';
import {
  BROADCAST_MAC,
  macFromBytes,
  multicastMac,
  ZERO_MAC,
} from '../modules/metallb/src/net/mac.ts';
import { encodeArp } from '../modules/metallb/src/packet/arp.ts';
import {
  decodeEthernet,
  ETHER_TYPE_ARP,
  type EthernetFrame,
  encodeEthernet,
} from '../modules/metallb/src/packet/ethernet.ts';

const OWN = macFromBytes(Uint8Array.of(2, 0, 0, 0, 0, 10));
const CLIENT = macFromBytes(Uint8Array.of(2, 0, 0, 0, 0, 11));
const IPS = 10_000;
const ROUNDS = 100_000;
const REPETITIONS = 5;

const ipv4 = (index: number) => ipFromBigInt('IPv4', 0x0a00_0000n + BigInt(index));
const ipv6 = (index: number) => ipFromBigInt('IPv6', (0x2001_0db8n << 96n) + BigInt(index));

function arpRequest(index: number): Uint8Array {
  return encodeEthernet({
    destination: BROADCAST_MAC,
    source: CLIENT,
    etherType: ETHER_TYPE_ARP,
    payload: encodeArp({
      operation: 'request',
      senderHardwareAddress: CLIENT,
      senderIp: ipv4(IPS),
      targetHardwareAddress: ZERO_MAC,
      targetIp: ipv4(index),
      trailer: new Uint8Array(18),
    }),
  });
}

function neighborSolicitation(index: number): Uint8Array {
  const target = ipv6(index);
  const group = solicitedNodeGroup(target);
  return encodeNdpFrame(
    { kind: 'neighbor-solicitation', target, sourceLinkLayerAddress: CLIENT },
    { own: CLIENT, to: multicastMac(group), source: ipv6(IPS), destination: ipFromBytes(group) },
  );
}

function nsPerFrame(
  frames: readonly Uint8Array[],
  respond: (frame: EthernetFrame) => Response,
): number {
  const runs = Array.from({ length: REPETITIONS }, () => {
    const startedAt = performance.now();
    for (let round = 0; round < ROUNDS; round += 1) {
      const bytes = frames[round % frames.length];
      if (bytes !== undefined) respond(decodeEthernet(bytes));
    }
    return ((performance.now() - startedAt) * 1e6) / ROUNDS;
  });
  return Math.round(Math.min(...runs));
}

const answer: Answer = { mac: OWN, override: true };
const indexes = Array.from({ length: IPS }, (_, index) => index);
const table = new Map<IpAddress, Answer>();
for (const index of indexes) table.set(ipv4(index), answer).set(ipv6(index), answer);
const lookup: Lookup = (ip) => table.get(ip);
const nobody: Lookup = () => undefined;
const arpFrames = indexes.map(arpRequest);
const ndpFrames = indexes.map(neighborSolicitation);

const figures = {
  bench: 'layer2-reply',
  unit: 'ns per frame',
  ips: IPS,
  arpReply: nsPerFrame(arpFrames, (frame) => respondToArp(frame, OWN, lookup)),
  arpNotOurs: nsPerFrame(arpFrames, (frame) => respondToArp(frame, OWN, nobody)),
  ndpReply: nsPerFrame(ndpFrames, (frame) => respondToNdp(frame, OWN, lookup)),
  ndpNotOurs: nsPerFrame(ndpFrames, (frame) => respondToNdp(frame, OWN, nobody)),
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
