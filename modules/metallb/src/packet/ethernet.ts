import type { MacAddress } from '../net/mac.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

export const ETHER_TYPE_IPV4 = 0x0800;
export const ETHER_TYPE_ARP = 0x0806;
export const ETHER_TYPE_IPV6 = 0x86dd;
const ETHER_TYPE_VLAN = 0x8100; // IEEE 802.1Q

const HEADER_LENGTH = 14;
const MIN_FRAME_LENGTH = 60; // IEEE 802.3 §3.2.8: 64 with the frame check sequence

export interface EthernetFrame {
  readonly destination: MacAddress;
  readonly source: MacAddress;
  /** The 802.1Q VLAN. Absent for untagged frames and for VLAN 0, which only carries a priority (network rule 18). */
  readonly vlanId?: number;
  readonly etherType: number;
  /** A view of everything behind the header, padding included. */
  readonly payload: Uint8Array;
}

/** @throws MalformedPacketError when the header is cut off */
export function decodeEthernet(frame: Uint8Array): EthernetFrame {
  const reader = new ByteReader(frame, 'Ethernet header');
  const destination = reader.mac();
  const source = reader.mac();
  const etherType = reader.u16();
  if (etherType !== ETHER_TYPE_VLAN) {
    return { destination, source, etherType, payload: reader.rest() };
  }
  const vlanId = reader.u16() & 0x0fff;
  const tagged = { destination, source, etherType: reader.u16(), payload: reader.rest() };
  return vlanId === 0 ? tagged : { ...tagged, vlanId };
}

/** An untagged frame, padded with zeros to the shortest that Ethernet carries. */
export function encodeEthernet(frame: Omit<EthernetFrame, 'vlanId'>): Uint8Array {
  const length = Math.max(HEADER_LENGTH + frame.payload.length, MIN_FRAME_LENGTH);
  return new ByteWriter(length)
    .mac(frame.destination)
    .mac(frame.source)
    .u16(frame.etherType)
    .bytes(frame.payload)
    .finish();
}
