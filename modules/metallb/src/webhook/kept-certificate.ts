import { createPrivateKey, X509Certificate } from 'node:crypto';
import { parseTimestamp } from '../time/clock.ts';

/** A serving certificate as a Secret keeps it, in PEM. */
export interface KeptCertificate {
  readonly certificate: string;
  readonly privateKey: string;
  /** Whom to trust, the certificate's own authority first: those of earlier certificates follow. */
  readonly authorities: string;
}

/** When a certificate is to be renewed and until when it is valid, in epoch milliseconds. */
export interface Lifetime {
  readonly renewAt: number;
  readonly expiresAt: number;
}

/** A certificate is renewed when this much of its life is over. */
const RENEWED_AFTER = 2 / 3;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The lifetime of a certificate that can be served, or a sentence on why it can't be. */
export function lifetimeOf(kept: KeptCertificate, dnsNames: readonly string[]): Lifetime | string {
  try {
    return lifetimeOfReadable(kept, dnsNames);
  } catch {
    // What Node says of a key it can't read may quote it.
    return 'its PEM text is damaged';
  }
}

function lifetimeOfReadable(
  { certificate, privateKey, authorities }: KeptCertificate,
  dnsNames: readonly string[],
): Lifetime | string {
  const read = new X509Certificate(certificate);
  if (!read.checkPrivateKey(createPrivateKey(privateKey))) return 'its private key is another one';
  const missing = dnsNames.find((name) => read.checkHost(name) === undefined);
  if (missing !== undefined) return `it is not for ${missing}`;
  const issuer = certificatesIn(authorities).find((pem) => {
    const authority = new X509Certificate(pem);
    return read.checkIssued(authority) && read.verify(authority.publicKey);
  });
  if (issuer === undefined) return 'its authority is missing';
  const [from, until] = [read.validFrom, read.validTo].map((text) => parseTimestamp(text) ?? 0);
  if (from === undefined || until === undefined) return 'it has no validity';
  return { renewAt: from + (until - from) * RENEWED_AFTER, expiresAt: until };
}

/** The authorities that are still valid, each once. An expired or damaged one vouches for nothing that could be served. */
export function withoutExpired(authorities: string, nowEpochMs: number): string {
  const valid = certificatesIn(authorities).filter((pem) => expiryOf(pem) > nowEpochMs);
  return [...new Set(valid)].map((pem) => `${pem}\n`).join('');
}

/** 0 for what can't be read. */
function expiryOf(pem: string): number {
  try {
    return parseTimestamp(new X509Certificate(pem).validTo) ?? 0;
  } catch {
    return 0;
  }
}

function certificatesIn(text: string): string[] {
  return text.match(PEM) ?? [];
}
