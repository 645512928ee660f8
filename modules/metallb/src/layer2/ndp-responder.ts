import { type IpAddress, solicitedNodeGroup } from '../net/ip.ts';
import { type MacAddress, multicastMac } from '../net/mac.ts';
import { ETHER_TYPE_IPV6, type EthernetFrame } from '../packet/ethernet.ts';
import {
  decodeIpv6,
  type Ipv6Packet,
  NEXT_HEADER_FRAGMENT,
  NEXT_HEADER_ICMPV6,
} from '../packet/ipv6.ts';
import {
  ALL_NODES,
  decodeNdp,
  NDP_NONCE_LENGTH,
  type NeighborSolicitation,
  UNSPECIFIED_IPV6,
} from '../packet/ndp.ts';
import { ALL_NODES_MAC, encodeNdpFrame } from './announcement.ts';
import {
  type Answer,
  type Asker,
  decoded,
  isStation,
  type Lookup,
  type Response,
  reasonToIgnore,
} from './answer.ts';
import type { DropReason } from './drop-reason.ts';

/**
 * Answers one neighbor solicitation (network rule 17), multicast or the unicast one of unreachability detection. The
 * advertisement comes from the target address and leaves from `own`, whatever link-layer address it tells.
 */
export function respondToNdp(frame: EthernetFrame, own: MacAddress, lookup: Lookup): Response {
  const ignored = reasonToIgnore(frame, own);
  if (ignored !== undefined) return { drop: ignored };
  if (frame.etherType !== ETHER_TYPE_IPV6) return { drop: 'other-protocol' };
  const packet = decoded(() => decodeIpv6(frame.payload));
  if (packet === undefined) return { drop: 'malformed' };
  const solicitation = solicitationIn(packet);
  if (typeof solicitation === 'string') return { drop: solicitation };
  const asker = {
    mac: solicitation.sourceLinkLayerAddress ?? frame.source,
    ip: packet.source,
  };
  const { target } = solicitation;
  if (frame.destination !== own && frame.destination !== groupMac(target)) {
    return { drop: 'not-for-us' };
  }
  if (asker.mac === own) return { drop: 'own-frame' };
  if (!isStation(asker.mac)) return { drop: 'invalid-sender' };
  const question = { ip: target, asker };
  const answer = lookup(target);
  return answer === undefined
    ? { drop: 'not-our-address', question }
    : { reply: encodeReply(solicitation, asker, { own, answer }), question };
}

function solicitationIn(packet: Ipv6Packet): NeighborSolicitation | DropReason {
  if (packet.nextHeader === NEXT_HEADER_FRAGMENT) return 'fragment';
  if (packet.nextHeader !== NEXT_HEADER_ICMPV6) return 'other-protocol';
  const message = decoded(() => decodeNdp(packet) ?? 'other-message');
  if (message === undefined) return 'malformed';
  if (message === 'other-message') return 'not-a-request';
  return message.kind === 'neighbor-solicitation' ? message : 'not-a-request';
}

function groupMac(target: IpAddress): MacAddress {
  return multicastMac(solicitedNodeGroup(target));
}

function encodeReply(
  { target, nonce }: NeighborSolicitation,
  asker: Asker,
  { own, answer }: { own: MacAddress; answer: Answer },
): Uint8Array {
  // RFC 4861 §7.2.4: who has no address yet is told with everybody, and has not solicited.
  const duplicateDetection = asker.ip === UNSPECIFIED_IPV6;
  // RFC 3971 §5.3.3: a solicitation's nonce comes back in its advertisement.
  const echo = nonce && (answer.proof?.(nonce, NDP_NONCE_LENGTH) ?? nonce);
  return encodeNdpFrame(
    {
      kind: 'neighbor-advertisement',
      target,
      router: false,
      solicited: !duplicateDetection,
      override: answer.override,
      targetLinkLayerAddress: answer.mac,
      ...(echo && { nonce: echo }),
    },
    {
      own,
      to: duplicateDetection ? ALL_NODES_MAC : asker.mac,
      source: target,
      destination: duplicateDetection ? ALL_NODES : asker.ip,
    },
  );
}
