import { familyOf, type IpAddress, ipFromBytes, ipToBytes, solicitedNodeGroup } from '../net/ip.ts';
import { BROADCAST_MAC, type MacAddress, multicastMac, ZERO_MAC } from '../net/mac.ts';
import { type ArpPacket, encodeArp } from '../packet/arp.ts';
import { encodeArpProof } from '../packet/arp-proof.ts';
import type { IpEnds } from '../packet/checksum.ts';
import { ETHER_TYPE_ARP, ETHER_TYPE_IPV6, encodeEthernet } from '../packet/ethernet.ts';
import {
  ALL_NODES,
  encodeNdp,
  type NdpMessage,
  type NeighborAdvertisement,
  UNSPECIFIED_IPV6,
} from '../packet/ndp.ts';
import type { Asker } from './answer.ts';

/** 0.0.0.0, the sender of ARP probes (RFC 5227 §1.1). */
export const UNSPECIFIED_IPV4 = ipFromBytes(new Uint8Array(4));
/** 33:33:00:00:00:01. */
export const ALL_NODES_MAC = multicastMac(ipToBytes(ALL_NODES));

const NO_TRAILER = new Uint8Array(0);

/** The single frame per IP of a takeover's first round: a gratuitous ARP request or an unsolicited advertisement. */
export function firstAnnouncement(ip: IpAddress, own: MacAddress): Uint8Array {
  return familyOf(ip) === 'IPv4'
    ? gratuitousArp('request', ip, own)
    : advertisement(ip, own, { mac: ALL_NODES_MAC, ip: ALL_NODES });
}

/** All forms of an announcement: some systems heed only one of the two gratuitous ARPs. */
export function announcement(ip: IpAddress, own: MacAddress): Uint8Array[] {
  const first = firstAnnouncement(ip, own);
  return familyOf(ip) === 'IPv4' ? [first, gratuitousArp('reply', ip, own)] : [first];
}

/** Tells one host, also behind a switch that suppresses gratuitous frames (network rule 19). */
export function announcementTo(asker: Asker, ip: IpAddress, own: MacAddress): Uint8Array {
  if (familyOf(ip) === 'IPv6') return advertisement(ip, own, asker);
  return encodeArpFrame(asker.mac, own, {
    operation: 'reply',
    senderHardwareAddress: own,
    senderIp: ip,
    targetHardwareAddress: asker.mac,
    targetIp: asker.ip,
    trailer: NO_TRAILER,
  });
}

/** Asks whether anybody else has the IP: RFC 5227 §2.1.1, RFC 4862 §5.4.2. */
export function probe(ip: IpAddress, own: MacAddress): Uint8Array {
  if (familyOf(ip) === 'IPv4') {
    return encodeArpFrame(BROADCAST_MAC, own, arpRequest(UNSPECIFIED_IPV4, ip, own));
  }
  const group = solicitedNodeGroup(ip);
  return encodeNdpFrame(
    { kind: 'neighbor-solicitation', target: ip },
    {
      own,
      to: multicastMac(group),
      source: UNSPECIFIED_IPV6,
      destination: ipFromBytes(group),
    },
  );
}

export interface ConfirmationProbe {
  readonly ip: IpAddress;
  readonly own: MacAddress;
  /** An address of this node on the interface; 0.0.0.0 where it has no IPv4. */
  readonly sender: IpAddress;
  /** The suspect; undefined asks everybody. */
  readonly to: MacAddress | undefined;
  /** 16 bytes for ARP; 6, 14 or 22 for NDP. */
  readonly nonce: Uint8Array;
}

/** A question for `ip` that only who holds the key can answer with a proof (network rule 1). */
export function confirmationProbe({ ip, own, sender, to, nonce }: ConfirmationProbe): Uint8Array {
  if (familyOf(ip) === 'IPv4') {
    const request = { ...arpRequest(sender, ip, own), trailer: encodeArpProof(nonce) };
    return encodeArpFrame(to ?? BROADCAST_MAC, own, request);
  }
  const group = solicitedNodeGroup(ip);
  return encodeNdpFrame(
    { kind: 'neighbor-solicitation', target: ip, sourceLinkLayerAddress: own, nonce },
    {
      own,
      to: to ?? multicastMac(group),
      source: sender,
      destination: to === undefined ? ipFromBytes(group) : ip,
    },
  );
}

/** The frame around an NDP message, and its IPv6 ends. */
export interface NdpRoute extends IpEnds {
  readonly own: MacAddress;
  readonly to: MacAddress;
}

export function encodeNdpFrame(message: NdpMessage, route: NdpRoute): Uint8Array {
  return encodeEthernet({
    destination: route.to,
    source: route.own,
    etherType: ETHER_TYPE_IPV6,
    payload: encodeNdp(message, route),
  });
}

function encodeArpFrame(to: MacAddress, own: MacAddress, packet: ArpPacket): Uint8Array {
  return encodeEthernet({
    destination: to,
    source: own,
    etherType: ETHER_TYPE_ARP,
    payload: encodeArp(packet),
  });
}

/**
 * Linux takes a reply for gratuitous only when its target hardware address is the sender's: with another it waits
 * a second before it believes a new address.
 */
function gratuitousArp(
  operation: ArpPacket['operation'],
  ip: IpAddress,
  own: MacAddress,
): Uint8Array {
  return encodeArpFrame(BROADCAST_MAC, own, {
    operation,
    senderHardwareAddress: own,
    senderIp: ip,
    targetHardwareAddress: operation === 'reply' ? own : ZERO_MAC,
    targetIp: ip,
    trailer: NO_TRAILER,
  });
}

function arpRequest(sender: IpAddress, ip: IpAddress, own: MacAddress): ArpPacket {
  return {
    operation: 'request',
    senderHardwareAddress: own,
    senderIp: sender,
    targetHardwareAddress: ZERO_MAC,
    targetIp: ip,
    trailer: NO_TRAILER,
  };
}

/** RFC 4861 §7.2.6: not solicited, overriding. A solicited one to a group is ignored by Linux. */
function advertisement(ip: IpAddress, own: MacAddress, to: Asker): Uint8Array {
  const message: NeighborAdvertisement = {
    kind: 'neighbor-advertisement',
    target: ip,
    router: false,
    solicited: false,
    override: true,
    targetLinkLayerAddress: own,
  };
  return encodeNdpFrame(message, { own, to: to.mac, source: ip, destination: to.ip });
}
