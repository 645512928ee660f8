import { X509Certificate } from 'node:crypto';
import type { AgentOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import { formatTimestamp } from '../time/clock.ts';

export type TlsOptions = Pick<
  AgentOptions,
  'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'servername' | 'rejectUnauthorized'
>;

/**
 * Files that are replaced one after the other don't belong together for a moment.
 * @param name where the certificate is @throws Error with a sentence when no connection could be made with these
 */
export function mustBeUsable(tls: TlsOptions, name: string): void {
  try {
    createSecureContext(tls);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${name} and what belongs to it can't be used: ${reason}`, { cause: error });
  }
}

/**
 * That a client certificate's time is over, or has not begun; undefined when there is none or its time is now. An API
 * server says only that it does not know us.
 * @param name where it is
 */
export function timeFault(
  { cert }: TlsOptions,
  name: string,
  nowEpochMs: number,
): string | undefined {
  const pem = Array.isArray(cert) ? cert[0] : cert;
  if (pem === undefined || pem === null) return undefined;
  const { validFrom, validTo } = new X509Certificate(pem);
  const [fromEpochMs, toEpochMs] = [Date.parse(validFrom), Date.parse(validTo)];
  if (nowEpochMs >= toEpochMs) {
    return `${name} has expired on ${formatTimestamp(toEpochMs)}; put its successor there, which is read without a restart`;
  }
  if (nowEpochMs >= fromEpochMs) return undefined;
  return `${name} is not valid before ${formatTimestamp(fromEpochMs)}; is this machine's clock right?`;
}
