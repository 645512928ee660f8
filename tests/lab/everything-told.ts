import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fetchPage } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';

const PAGES = ['7474/metrics', '7474/status', '7474/healthz', '7476/healthz', '7476/readyz'];
/** As many characters as nobody writes by chance. */
const TELLING = 12;

/** What somebody may read. */
export interface Told {
  readonly name: string;
  /** One character a byte. */
  readonly text: string;
}

/** Files but those that are to hold a secret, command lines, environments and pages of all programs. */
export async function everythingTold(
  lab: Lab,
  isToHold: (file: string) => boolean,
): Promise<Told[]> {
  const files = filesBelow(lab.directory)
    .filter((name) => !isToHold(name))
    .map((name) => ({ name, text: bytesOf(name) }));
  const processes = lab
    .programs()
    .flatMap((program) => program.pids())
    .flatMap((pid) => ['cmdline', 'environ'].map((part) => `/proc/${pid}/${part}`))
    .map((name) => ({ name, text: bytesOf(name) }));
  const pages: Told[] = [];
  for (const node of lab.nodes) {
    for (const page of PAGES) {
      const { body } = await fetchPage(lab.namespace(node), `http://127.0.0.1:${page}`);
      pages.push({ name: `${node} ${page}`, text: body });
    }
  }
  return [...files, ...processes, ...pages];
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((name) => statSync(name, { throwIfNoEntry: false })?.isFile());
}

function bytesOf(name: string): string {
  try {
    return readFileSync(name, 'latin1');
  } catch {
    return ''; // gone meanwhile
  }
}

/** Whether it holds the secret in any form in which a program would write it, or a part of it. */
export function holds({ name, text }: Told, bytes: Buffer): boolean {
  const forms = [
    bytes.toString('latin1'),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...[bytes.toString('base64'), bytes.toString('base64url')],
    JSON.stringify([...bytes]).slice(1, -1),
  ];
  return forms.some((form) => (text + name).includes(form.slice(0, TELLING)));
}
