import { BROADCAST_MAC, type MacAddress } from '../net/mac.ts';
import { type ArpPacket, decodeArp, encodeArp } from '../packet/arp.ts';
import { ARP_PROOF_LENGTH, decodeArpProof, encodeArpProof } from '../packet/arp-proof.ts';
import { ETHER_TYPE_ARP, type EthernetFrame, encodeEthernet } from '../packet/ethernet.ts';
import {
  type Answer,
  decoded,
  isStation,
  type Lookup,
  type Response,
  reasonToIgnore,
} from './answer.ts';
import type { DropReason } from './drop-reason.ts';

const NO_TRAILER = new Uint8Array(0);

/**
 * Answers one ARP request (network rule 17). The reply goes to the sender hardware address, which is not always the
 * frame's source (FHRP routers), and leaves from `own`, whatever address it tells.
 */
export function respondToArp(frame: EthernetFrame, own: MacAddress, lookup: Lookup): Response {
  const ignored = reasonToIgnore(frame, own);
  if (ignored !== undefined) return { drop: ignored };
  if (frame.etherType !== ETHER_TYPE_ARP) return { drop: 'other-protocol' };
  if (frame.destination !== own && frame.destination !== BROADCAST_MAC) {
    return { drop: 'not-for-us' };
  }
  const request = decoded(() => decodeArp(frame.payload));
  if (request === undefined) return { drop: 'malformed' };
  const flaw = reasonNotToAnswer(request, own);
  if (flaw !== undefined) return { drop: flaw };
  const asker = { mac: request.senderHardwareAddress, ip: request.senderIp };
  const question = { ip: request.targetIp, asker };
  const answer = lookup(request.targetIp);
  return answer === undefined
    ? { drop: 'not-our-address', question }
    : { reply: encodeReply(request, own, answer), question };
}

/** Probes (sender 0.0.0.0) are questions like any other (network rule 21). */
function reasonNotToAnswer(request: ArpPacket, own: MacAddress): DropReason | undefined {
  if (request.operation !== 'request') return 'not-a-request';
  if (request.senderHardwareAddress === own) return 'own-frame';
  if (!isStation(request.senderHardwareAddress)) return 'invalid-sender';
  return request.senderIp === request.targetIp ? 'announcement' : undefined;
}

function encodeReply(request: ArpPacket, own: MacAddress, answer: Answer): Uint8Array {
  return encodeEthernet({
    destination: request.senderHardwareAddress,
    source: own,
    etherType: ETHER_TYPE_ARP,
    payload: encodeArp({
      operation: 'reply',
      senderHardwareAddress: answer.mac,
      senderIp: request.targetIp,
      targetHardwareAddress: request.senderHardwareAddress,
      targetIp: request.senderIp,
      trailer: proofFor(request, answer),
    }),
  });
}

function proofFor(request: ArpPacket, answer: Answer): Uint8Array {
  const nonce = decodeArpProof(request.trailer);
  if (nonce === undefined || answer.proof === undefined) return NO_TRAILER;
  return encodeArpProof(answer.proof(nonce, ARP_PROOF_LENGTH));
}
