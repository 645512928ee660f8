import type { IpFamily } from '../net/ip.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { internetChecksum, withChecksum } from './checksum.ts';

const HEADER_BYTES = 8;
const CHECKSUM_AT = 2;
/** RFC 792 and RFC 4443 §4. */
const TYPES = {
  IPv4: { request: 8, reply: 0 },
  IPv6: { request: 128, reply: 129 },
} as const;

/** What an echo request asks to be sent back (RFC 792, RFC 4443 §4.1): two numbers of 16 bits and some bytes. */
export interface Echo {
  readonly identifier: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** A whole ICMP message. Of ICMPv6 the checksum is left to the kernel, which knows the source (RFC 3542 §3.1). */
export function encodeEchoRequest(family: IpFamily, echo: Echo): Uint8Array {
  const message = new ByteWriter(HEADER_BYTES + echo.payload.length)
    .u8(TYPES[family].request)
    .u8(0)
    .u16(0)
    .u16(echo.identifier)
    .u16(echo.sequence)
    .bytes(echo.payload)
    .finish();
  return family === 'IPv4'
    ? withChecksum(message, CHECKSUM_AT, internetChecksum(message))
    : message;
}

/**
 * Undefined for any other ICMP message. Of ICMPv6 the kernel has checked the checksum.
 * @throws MalformedPacketError
 */
export function decodeEchoReply(family: IpFamily, message: Uint8Array): Echo | undefined {
  const reader = new ByteReader(message, 'ICMP echo');
  const type = reader.u8();
  const code = reader.u8();
  if (type !== TYPES[family].reply || code !== 0) return undefined;
  if (family === 'IPv4' && internetChecksum(message) !== 0) throw reader.malformed('checksum');
  reader.skip(2);
  const identifier = reader.u16();
  const sequence = reader.u16();
  return { identifier, sequence, payload: reader.bytes(reader.remaining) };
}
