import type { IpAddress } from '../net/ip.ts';
import {
  type BgpCapabilities,
  decodeCapabilities,
  encodeCapabilities,
  NO_CAPABILITIES,
} from './bgp-capabilities.ts';
import { BGP_REASON, BgpError } from './bgp-error.ts';
import { BGP_MESSAGE, encodeBgpMessage } from './bgp-message.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { MalformedPacketError } from './malformed.ts';

/** OPEN of RFC 4271 §4.2. */
export interface BgpOpen {
  /** The four-octet one where the peer has one. */
  readonly asn: number;
  /** 0: no keepalives at all; else at least 3. */
  readonly holdSeconds: number;
  readonly routerId: IpAddress;
  readonly capabilities: BgpCapabilities;
}

/** RFC 6793: stands for an AS number that two octets can't hold. */
export const AS_TRANS = 23_456;

const VERSION = 4;
const PARAMETER_CAPABILITIES = 2;
/** RFC 9072: lengths of two octets follow. */
const EXTENDED = 255;
const MAX_TWO_OCTETS = 0xffff;
const SHORTEST_HOLD_SECONDS = 3;

export function encodeOpen({ asn, holdSeconds, routerId, capabilities }: BgpOpen): Uint8Array {
  const value = encodeCapabilities(capabilities);
  if (value.length > 253) throw new Error('more capabilities than one parameter holds');
  const body = new ByteWriter(12 + value.length)
    .u8(VERSION)
    .u16(asn > MAX_TWO_OCTETS ? AS_TRANS : asn)
    .u16(holdSeconds)
    .ip(routerId)
    .u8(2 + value.length)
    .u8(PARAMETER_CAPABILITIES)
    .u8(value.length)
    .bytes(value)
    .finish();
  return encodeBgpMessage(BGP_MESSAGE.open, body);
}

/** @throws BgpError (RFC 4271 §6.2) */
export function decodeOpen(body: Uint8Array): BgpOpen {
  try {
    return readOpen(new ByteReader(body, 'BGP OPEN'));
  } catch (error) {
    if (error instanceof BgpError || !(error instanceof MalformedPacketError)) throw error;
    // RFC 4271 §6.2: recognized and malformed is Unspecific.
    throw new BgpError([2, 0], error.where);
  }
}

function readOpen(reader: ByteReader): BgpOpen {
  const version = reader.u8();
  if (version !== VERSION) {
    throw new BgpError(
      BGP_REASON.unsupportedVersion,
      `version ${version}`,
      Uint8Array.of(0, VERSION),
    );
  }
  const twoOctetAsn = reader.u16();
  const holdSeconds = reader.u16();
  const routerId = reader.ip('IPv4');
  const capabilities = readParameters(reader);
  const asn = capabilities.fourOctetAsn ?? twoOctetAsn;
  if (asn === 0) throw new BgpError(BGP_REASON.badPeerAs, 'AS number 0');
  if (holdSeconds > 0 && holdSeconds < SHORTEST_HOLD_SECONDS) {
    throw new BgpError(BGP_REASON.unacceptableHoldTime, `hold time ${holdSeconds} s`);
  }
  if (routerId === '0.0.0.0')
    throw new BgpError(BGP_REASON.badIdentifier, 'BGP identifier 0.0.0.0');
  return { asn, holdSeconds, routerId, capabilities };
}

function readParameters(reader: ByteReader): BgpCapabilities {
  const shortLength = reader.u8();
  // RFC 9072 §2: the first type decides, whatever the length before it says beside 0.
  const isExtended = shortLength > 0 && reader.remaining > 0 && reader.peek() === EXTENDED;
  if (isExtended) reader.skip(1);
  const length = isExtended ? reader.u16() : shortLength;
  if (length !== reader.remaining)
    throw reader.malformed(`${length} bytes of parameters, ${reader.remaining} there`);
  let capabilities = NO_CAPABILITIES;
  while (reader.remaining > 0) {
    const type = reader.u8();
    const value = reader.bytes(isExtended ? reader.u16() : reader.u8());
    if (type !== PARAMETER_CAPABILITIES) {
      throw new BgpError(BGP_REASON.unsupportedParameter, `optional parameter ${type}`);
    }
    capabilities = decodeCapabilities(value, capabilities);
  }
  return capabilities;
}
