import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../exec.ts';

/** Where a certificate and its key are. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'];
const DAY_SECONDS = 86_400;

/** Whose certificates an API server with `--client-ca-file` takes for users. */
export class ClientAuthority {
  readonly #directory: string;
  readonly #own: CertificateFiles;

  /** @param directory its own */
  constructor(directory: string) {
    this.#directory = directory;
    this.#own = filesIn(directory, 'client-authority');
  }

  /** For the API server, which reads it at its start. */
  get certificateFile(): string {
    return this.#own.certificate;
  }

  async create(): Promise<void> {
    const self = ['-x509', '-days', '1', '-subj', '/CN=lab-clients'];
    await openssl('req', ...NEW_KEY, ...self, ...to(this.#own));
    await writeFile(join(this.#directory, 'client-authority.index'), '');
    await writeFile(this.#config, configOf(this.#directory));
  }

  /** A certificate for a user, in place of what the files held. @returns when it ends */
  async issue(user: string, files: CertificateFiles, lifeSeconds = DAY_SECONDS): Promise<Date> {
    const made = { certificate: `${files.certificate}.new`, key: `${files.key}.new` };
    const request = `${files.certificate}.request`;
    const end = new Date(Math.ceil(Date.now() / 1_000 + lifeSeconds) * 1_000);
    await openssl('req', ...NEW_KEY, '-subj', `/CN=${user}`, '-keyout', made.key, '-out', request);
    const signer = ['-cert', this.#own.certificate, '-keyfile', this.#own.key];
    await openssl(
      ...['ca', '-batch', '-notext', '-config', this.#config, ...signer],
      ...['-enddate', utcTime(end), '-in', request, '-out', made.certificate],
    );
    await rename(made.key, files.key);
    await rename(made.certificate, files.certificate);
    return end;
  }

  get #config(): string {
    return join(this.#directory, 'client-authority.conf');
  }
}

export function filesIn(directory: string, name: string): CertificateFiles {
  return { certificate: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
}

/** For `openssl ca`, which alone takes an end that is not days away. */
function configOf(directory: string): string {
  return `[ca]
default_ca = clients
[clients]
database = ${join(directory, 'client-authority.index')}
new_certs_dir = ${directory}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
x509_extensions = client
[any]
commonName = supplied
[client]
extendedKeyUsage = clientAuth
`;
}

/** YYMMDDHHMMSSZ */
function utcTime(date: Date): string {
  return `${date
    .toISOString()
    .replace(/\.\d+|[-:T]/g, '')
    .slice(2)}`;
}

function to({ certificate, key }: CertificateFiles): string[] {
  return ['-keyout', key, '-out', certificate];
}

function openssl(...args: readonly string[]): Promise<string> {
  return run(['openssl', ...args]);
}
