/** An Ethernet address in lower-case colon form, e.g. `02:00:00:00:00:01`. Made only by the functions here. */
export type MacAddress = string & { readonly __brand: 'MacAddress' };

const MAC = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const HEX_COLON = HEX.map((octet) => `${octet}:`);

/** The canonical form of `text`, or undefined when it is not six colon-separated octets. */
export function parseMac(text: string): MacAddress | undefined {
  const lower = text.toLowerCase();
  return MAC.test(lower) ? (lower as MacAddress) : undefined;
}

/** @param bytes at least `offset + 6` long */
export function macFromBytes(bytes: Uint8Array, offset = 0): MacAddress {
  const last = HEX[bytes[offset + 5] ?? 0];
  return `${octetAt(bytes, offset)}${octetAt(bytes, offset + 1)}${octetAt(bytes, offset + 2)}${octetAt(bytes, offset + 3)}${octetAt(bytes, offset + 4)}${last}` as MacAddress;
}

function octetAt(bytes: Uint8Array, index: number): string | undefined {
  return HEX_COLON[bytes[index] ?? 0];
}

export function macToBytes(mac: MacAddress): Uint8Array {
  const bytes = new Uint8Array(6);
  for (let index = 0; index < 6; index += 1) {
    bytes[index] = (digit(mac, 3 * index) << 4) | digit(mac, 3 * index + 1);
  }
  return bytes;
}

/** The value of a lower-case hexadecimal digit: `a` is 0x61, `0` is 0x30. */
function digit(mac: MacAddress, at: number): number {
  const code = mac.charCodeAt(at);
  return code >= 0x61 ? code - 0x61 + 10 : code - 0x30;
}

/** The group bit of IEEE 802: broadcast and multicast addresses have it. */
export function isMulticastMac(mac: MacAddress): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
}

export const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff' as MacAddress;
export const ZERO_MAC = '00:00:00:00:00:00' as MacAddress;

/** RFC 2464 §7: 33:33 and the low 32 bits of the IPv6 group. */
export function multicastMac(group: Uint8Array): MacAddress {
  const bytes = new Uint8Array(6).fill(0x33, 0, 2);
  bytes.set(group.subarray(12, 16), 2);
  return macFromBytes(bytes);
}
