import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../exec.ts';

/** Where a certificate and its key are. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'];

/** Whose certificates an API server with `--client-ca-file` takes for users. */
export class ClientAuthority {
  readonly #own: CertificateFiles;

  /** @param directory its own */
  constructor(directory: string) {
    this.#own = filesIn(directory, 'client-authority');
  }

  /** For the API server, which reads it at its start. */
  get certificateFile(): string {
    return this.#own.certificate;
  }

  async create(): Promise<void> {
    await request(this.#own, '/CN=lab-clients');
  }

  /** A certificate for a user, in place of what the files held. */
  async issue(user: string, files: CertificateFiles): Promise<void> {
    const made = { certificate: `${files.certificate}.new`, key: `${files.key}.new` };
    const signed = ['-CA', this.#own.certificate, '-CAkey', this.#own.key];
    await request(made, `/CN=${user}`, ...signed, '-addext', 'extendedKeyUsage=clientAuth');
    await rename(made.key, files.key);
    await rename(made.certificate, files.certificate);
  }
}

export function filesIn(directory: string, name: string): CertificateFiles {
  return { certificate: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
}

async function request(
  { certificate, key }: CertificateFiles,
  subject: string,
  ...options: readonly string[]
): Promise<void> {
  const files = ['-keyout', key, '-out', certificate];
  await run([
    'openssl',
    'req',
    '-x509',
    ...NEW_KEY,
    '-days',
    '1',
    '-subj',
    subject,
    ...options,
    ...files,
  ]);
}
