import type { IpFamily } from '../net/ip.ts';

/** A view of the ICMP message in what a raw socket receives: one of IPv4 shows the IP header too, one of IPv6 does not. */
export function icmpMessageIn(family: IpFamily, received: Uint8Array): Uint8Array {
  return family === 'IPv6' ? received : received.subarray(((received[0] ?? 0) & 0x0f) * 4);
}
