import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IpAddress } from '../net/ip.ts';
import type { HeartbeatKey } from '../packet/heartbeat.ts';

/**
 * The answer to a confirmation probe that only the named node can give (network rule 1): a cache in a switch port
 * answers too, and a successor that holds the same key answers for the same IP.
 * @param length bytes that the carrier has room for: at least 16
 */
export function proofOfLife(
  key: HeartbeatKey,
  about: { readonly nonce: Uint8Array; readonly node: string; readonly ip: IpAddress },
  length: number,
): Uint8Array {
  const hmac = createHmac('sha256', key.secret);
  hmac.update('alive\0').update(about.node).update('\0').update(about.ip).update('\0');
  return hmac.update(about.nonce).digest().subarray(0, length);
}

/** Whether any of the held keys made `proof`. */
export function isProofOfLife(
  keys: readonly HeartbeatKey[],
  about: { readonly nonce: Uint8Array; readonly node: string; readonly ip: IpAddress },
  proof: Uint8Array,
): boolean {
  if (proof.length < 16 || proof.length > 32) return false;
  return keys.some((key) => timingSafeEqual(proofOfLife(key, about, proof.length), proof));
}
