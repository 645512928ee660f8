import { bitsOf, type IpFamily, ipFromBigInt } from '../net/ip.ts';
import type { Cidr } from '../net/range.ts';
import { BGP_REASON, BgpError } from './bgp-error.ts';
import type { ByteReader } from './byte-reader.ts';

/** A prefix as UPDATEs carry it (RFC 4271 §4.3): its length in bits and as many octets as that takes. */
export function encodePrefix({ family, network, prefixLength }: Cidr): Uint8Array {
  const bits = bitsOf(family);
  const octets = (prefixLength + 7) >> 3;
  const bytes = new Uint8Array(1 + octets);
  bytes[0] = prefixLength;
  for (let at = 0; at < octets; at += 1) {
    bytes[1 + at] = Number((network >> BigInt(bits - 8 * (at + 1))) & 0xffn);
  }
  return bytes;
}

/** `192.0.2.0/24` */
export function formatPrefix({ family, network, prefixLength }: Cidr): string {
  return `${ipFromBigInt(family, network)}/${prefixLength}`;
}

/**
 * Counts the prefixes that fill the rest of the reader; nobody here wants to know more of them.
 * @throws BgpError where one is longer than an address of its family, or cut off: the session can't go on (RFC 7606 §3 (j))
 */
export function countPrefixes(reader: ByteReader, family: IpFamily): number {
  const bits = bitsOf(family);
  let count = 0;
  while (reader.remaining > 0) {
    const length = reader.u8();
    const octets = (length + 7) >> 3;
    if (length > bits || octets > reader.remaining) {
      throw new BgpError(BGP_REASON.invalidNetworkField, `a prefix of ${length} bits`);
    }
    reader.skip(octets);
    count += 1;
  }
  return count;
}
