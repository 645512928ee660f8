import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import { decodeArp, looksLikeArpQuestion } from '../packet/arp.ts';
import { decodeArpProof } from '../packet/arp-proof.ts';
import { ETHER_TYPE_ARP, ETHER_TYPE_IPV6, type EthernetFrame } from '../packet/ethernet.ts';
import { decodeIpv6, NEXT_HEADER_ICMPV6 } from '../packet/ipv6.ts';
import { decodeNdp, looksLikeSolicitation } from '../packet/ndp.ts';
import { decoded } from './answer.ts';

/** An observed frame says that `mac` has the IP. Probes ask who has it, and claim nothing (network rule 21). */
export interface Claim {
  readonly kind: 'reply' | 'announcement';
  readonly ip: IpAddress;
  readonly mac: MacAddress;
  /** The answer to a confirmation probe (network rule 1), or an echoed nonce: only the asker can tell. */
  readonly proof?: Uint8Array;
}

/**
 * A glance at the fields that tell a question from a claim, without decoding: most frames are questions, and whoever asks
 * waits. What looks like one may still be malformed.
 */
export function looksLikeQuestion({ etherType, payload }: EthernetFrame): boolean {
  return etherType === ETHER_TYPE_ARP
    ? looksLikeArpQuestion(payload)
    : looksLikeSolicitation(payload);
}

/** The claim in a frame; undefined for questions, for other protocols and for what can't be read. */
export function classifyClaim(frame: EthernetFrame): Claim | undefined {
  if (frame.vlanId !== undefined) return undefined;
  if (frame.etherType === ETHER_TYPE_ARP) return decoded(() => arpClaim(frame));
  if (frame.etherType === ETHER_TYPE_IPV6) return decoded(() => ndpClaim(frame));
  return undefined;
}

function arpClaim(frame: EthernetFrame): Claim | undefined {
  const packet = decodeArp(frame.payload);
  const mac = packet.senderHardwareAddress;
  if (packet.senderIp === packet.targetIp)
    return { kind: 'announcement', ip: packet.senderIp, mac };
  if (packet.operation === 'request') return undefined;
  const proof = decodeArpProof(packet.trailer);
  return { kind: 'reply', ip: packet.senderIp, mac, ...(proof && { proof }) };
}

function ndpClaim(frame: EthernetFrame): Claim | undefined {
  const packet = decodeIpv6(frame.payload);
  if (packet.nextHeader !== NEXT_HEADER_ICMPV6) return undefined;
  const message = decodeNdp(packet);
  if (message?.kind !== 'neighbor-advertisement') return undefined;
  const { target: ip, nonce: proof } = message;
  return {
    kind: message.solicited ? 'reply' : 'announcement',
    ip,
    mac: message.targetLinkLayerAddress ?? frame.source,
    ...(proof && { proof }),
  };
}
