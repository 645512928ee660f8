import { randomBytes, webcrypto } from 'node:crypto';
import type { KeptCertificate } from './kept-certificate.ts';

export interface CertificateWish {
  /** What clients call the server; at least one. */
  readonly dnsNames: readonly string[];
  readonly nowEpochMs: number;
}

const LIFE_MS = 90 * 86_400_000;
/** API servers whose clocks are behind ours shall take it, too. */
const BACKDATED_MS = 3_600_000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/**
 * A serving certificate for 90 days and an authority made for it alone. The authority's private key is forgotten here:
 * it signs nothing else, so trusting it means trusting this one certificate.
 */
export async function issueCertificate({
  dnsNames,
  nowEpochMs,
}: CertificateWish): Promise<KeptCertificate> {
  // Only now: most starts find a certificate, and loading this takes longer than everything else of a start.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto);
  const makeKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const [authorityKeys, keys] = await Promise.all([makeKeys(), makeKeys()]);
  const [commonName = ''] = dnsNames;
  const authorityName = `CN=metallb webhook ${serialNumber()}`;
  const validity = {
    notBefore: new Date(nowEpochMs - BACKDATED_MS),
    notAfter: new Date(nowEpochMs + LIFE_MS),
  };
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    serialNumber: serialNumber(),
    name: authorityName,
    keys: authorityKeys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity,
    serialNumber: serialNumber(),
    subject: `CN=${commonName}`,
    issuer: authorityName,
    publicKey: keys.publicKey,
    signingKey: authorityKeys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        dnsNames.map((value) => ({ type: 'dns', value }) as const),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate: withNewline(certificate.toString('pem')),
    privateKey: withNewline(x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')),
    authorities: withNewline(authority.toString('pem')),
  };
}

/** RFC 5280 4.1.2.2: positive, at most 20 octets. */
function serialNumber(): string {
  return `01${randomBytes(15).toString('hex')}`;
}

function withNewline(pem: string): string {
  return `${pem.trimEnd()}\n`;
}
