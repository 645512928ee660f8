import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { ETHER_TYPE_IPV4 } from './ethernet.ts';

const HARDWARE_TYPE_ETHERNET = 1;
const HARDWARE_LENGTH = 6;
const PROTOCOL_LENGTH = 4;
const ARP_LENGTH = 28;
const OPERATION_REQUEST = 1;
const OPERATION_REPLY = 2;
const OPERATION_LOW_BYTE_AT = 7;
const SENDER_IP_AT = 14;
const TARGET_IP_AT = 24;

/** RFC 826 for IPv4 on Ethernet. */
export interface ArpPacket {
  readonly operation: 'request' | 'reply';
  readonly senderHardwareAddress: MacAddress;
  readonly senderIp: IpAddress;
  readonly targetHardwareAddress: MacAddress;
  readonly targetIp: IpAddress;
  /** What follows the packet in its frame: padding, or the proof of network rule 1 (see arp-proof.ts). */
  readonly trailer: Uint8Array;
}

/** @throws MalformedPacketError for other hardware, protocols and operations, and for cut-off packets */
export function decodeArp(payload: Uint8Array): ArpPacket {
  const reader = new ByteReader(payload, 'ARP');
  expect(reader, 'hardware type', reader.u16(), HARDWARE_TYPE_ETHERNET);
  expect(reader, 'protocol type', reader.u16(), ETHER_TYPE_IPV4);
  expect(reader, 'hardware address length', reader.u8(), HARDWARE_LENGTH);
  expect(reader, 'protocol address length', reader.u8(), PROTOCOL_LENGTH);
  const operation = reader.u16();
  if (operation !== OPERATION_REQUEST && operation !== OPERATION_REPLY) {
    throw reader.malformed(`operation ${operation}`);
  }
  return {
    operation: operation === OPERATION_REQUEST ? 'request' : 'reply',
    senderHardwareAddress: reader.mac(),
    senderIp: reader.ip('IPv4'),
    targetHardwareAddress: reader.mac(),
    targetIp: reader.ip('IPv4'),
    trailer: reader.rest(),
  };
}

/** A request for somebody else's address, told from the few bytes that make it one: the rest may be malformed. */
export function looksLikeArpQuestion(payload: Uint8Array): boolean {
  if (payload[OPERATION_LOW_BYTE_AT] !== OPERATION_REQUEST) return false;
  for (let at = 0; at < PROTOCOL_LENGTH; at += 1) {
    if (payload[SENDER_IP_AT + at] !== payload[TARGET_IP_AT + at]) return true;
  }
  return false;
}

export function encodeArp(packet: ArpPacket): Uint8Array {
  return new ByteWriter(ARP_LENGTH + packet.trailer.length)
    .u16(HARDWARE_TYPE_ETHERNET)
    .u16(ETHER_TYPE_IPV4)
    .u8(HARDWARE_LENGTH)
    .u8(PROTOCOL_LENGTH)
    .u16(packet.operation === 'request' ? OPERATION_REQUEST : OPERATION_REPLY)
    .mac(packet.senderHardwareAddress)
    .ip(packet.senderIp)
    .mac(packet.targetHardwareAddress)
    .ip(packet.targetIp)
    .bytes(packet.trailer)
    .finish();
}

function expect(reader: ByteReader, field: string, actual: number, wanted: number): void {
  if (actual !== wanted) throw reader.malformed(`${field} ${actual}`);
}
