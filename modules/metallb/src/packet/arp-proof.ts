import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

const MAGIC = 0x6d6c_6231; // "mlb1"
/** Bytes of a probe's nonce and of the truncated HMAC that answers it. */
export const ARP_PROOF_LENGTH = 16;
const TRAILER_LENGTH = 4 + ARP_PROOF_LENGTH;

/**
 * The content of an ARP frame's padding by which a node proves that it, and not a switch's cache, answered (network
 * rule 1).
 * @param value a request's nonce, or a reply's HMAC over it
 */
export function encodeArpProof(value: Uint8Array): Uint8Array {
  return new ByteWriter(TRAILER_LENGTH)
    .u32(MAGIC)
    .bytes(value.subarray(0, ARP_PROOF_LENGTH))
    .finish();
}

/** The nonce or HMAC in an ARP trailer; undefined when it is mere padding. */
export function decodeArpProof(trailer: Uint8Array): Uint8Array | undefined {
  if (trailer.length < TRAILER_LENGTH) return undefined;
  const reader = new ByteReader(trailer, 'ARP proof');
  return reader.u32() === MAGIC ? reader.bytes(ARP_PROOF_LENGTH) : undefined;
}
