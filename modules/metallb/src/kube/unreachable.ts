import { StoreUnavailableError } from '../store/errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused; is the API server running, and is this its port?',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ETIMEDOUT: 'the connection timed out; is there a route, and does a firewall drop it?',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'no name server answers',
  ENOENT: 'a file is missing',
  EACCES: 'a file may not be read',
};

const CERTIFICATE_REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: "its certificate is not valid yet; is this machine's clock right?",
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by none of the configured authorities',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by none of the configured authorities',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is signed by none of the configured authorities',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate is signed by none of the configured authorities',
  CERT_SIGNATURE_FAILURE: 'its certificate is signed by none of the configured authorities',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

/**
 * A sentence on why the API server could not be asked.
 * @param ours what is wrong with our own certificate, which the other side may have refused
 */
export function unreachable(
  server: string,
  error: unknown,
  ours?: string | undefined,
): StoreUnavailableError {
  if (error instanceof StoreUnavailableError) return error;
  const code = codeOf(error);
  const known = REASONS[code] ?? CERTIFICATE_REASONS[code];
  const detail = error instanceof Error ? error.message : String(error);
  const reason = known === undefined ? detail : `${known} (${detail})`;
  const advice = ours !== undefined && isCertificateFault(error) ? `; ${ours}` : '';
  return new StoreUnavailableError(`can't reach ${server}: ${reason}${advice}`, { cause: error });
}

/** The two sides don't accept each other's certificates, as far as one can tell from here. */
export function isCertificateFault(error: unknown): boolean {
  const code = codeOf(error);
  return code in CERTIFICATE_REASONS || /^ERR_(?:SSL|OSSL|TLS)_/.test(code);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
