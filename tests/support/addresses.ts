import { type IpAddress, parseIp } from '../../modules/metallb/src/net/ip.ts';
import { type MacAddress, parseMac } from '../../modules/metallb/src/net/mac.ts';

/** The address that a test writes down; throws on a typing error. */
export function ip(text: string): IpAddress {
  const address = parseIp(text);
  if (address === undefined) throw new Error(`not an IP: ${text}`);
  return address;
}

/** The Ethernet address that a test writes down; throws on a typing error. */
export function mac(text: string): MacAddress {
  const address = parseMac(text);
  if (address === undefined) throw new Error(`not a MAC: ${text}`);
  return address;
}

export function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
}
