import { appendFile, copyFile, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../exec.ts';

/** The key that signs ServiceAccounts' tokens, and those that verify them. An API server reads both files at its start. */
export class ServiceAccountKeys {
  readonly signing: string;
  readonly verifying: string;

  constructor(directory: string) {
    this.signing = join(directory, 'service-accounts.key');
    this.verifying = join(directory, 'service-accounts-verified-by.key');
  }

  /** The first one, which signs and verifies. */
  async create(): Promise<void> {
    await run(['openssl', 'genrsa', '-out', this.signing, '2048']);
    await this.trustNoOther();
  }

  /** Another one signs; tokens of before are still good. */
  async replace(): Promise<void> {
    const next = `${this.signing}.next`;
    await run(['openssl', 'genrsa', '-out', next, '2048']);
    await appendFile(this.verifying, await readFile(next));
    await rename(next, this.signing);
  }

  /** What any other has signed is refused. */
  async trustNoOther(): Promise<void> {
    await copyFile(this.signing, this.verifying);
  }
}
