/** An Ethernet address in lower-case colon form, e.g. `02:00:00:00:00:01`. Made only by the functions here. */
export type MacAddress = string & { readonly __brand: 'MacAddress' };

const MAC = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The canonical form of `text`, or undefined when it is not six colon-separated octets. */
export function parseMac(text: string): MacAddress | undefined {
  const lower = text.toLowerCase();
  return MAC.test(lower) ? (lower as MacAddress) : undefined;
}

/** @param bytes at least `offset + 6` long */
export function macFromBytes(bytes: Uint8Array, offset = 0): MacAddress {
  const octet = (index: number) => HEX[bytes[offset + index] ?? 0];
  return `${octet(0)}:${octet(1)}:${octet(2)}:${octet(3)}:${octet(4)}:${octet(5)}` as MacAddress;
}

export function macToBytes(mac: MacAddress): Uint8Array {
  return Uint8Array.from(mac.split(':'), (octet) => Number.parseInt(octet, 16));
}

/** The group bit of IEEE 802: broadcast and multicast addresses have it. */
export function isMulticastMac(mac: MacAddress): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
}

export const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff' as MacAddress;
export const ZERO_MAC = '00:00:00:00:00:00' as MacAddress;

/** RFC 2464 §7: 33:33 and the low 32 bits of the IPv6 group. */
export function multicastMac(group: Uint8Array): MacAddress {
  return macFromBytes(Uint8Array.of(0x33, 0x33, ...group.subarray(12, 16)));
}
