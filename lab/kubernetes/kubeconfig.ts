import { chown, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';

/** An API server as clients see it. */
interface Server {
  readonly url: string;
  readonly caFile: string;
}

export type Credentials =
  | { readonly token: string }
  | { readonly tokenFile: string }
  | { readonly 'client-certificate': string; readonly 'client-key': string };

/** @param user owner of the file: nobody else may read it */
export async function writeKubeconfig(
  path: string,
  { url, caFile }: Server,
  credentials: Credentials,
  user?: number,
): Promise<void> {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'lab',
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab' } }],
    clusters: [{ name: 'lab', cluster: { server: url, 'certificate-authority': caFile } }],
    users: [{ name: 'lab', user: credentials }],
  };
  await writeFile(path, stringify(config), { mode: 0o600 });
  if (user !== undefined) await chown(path, user, -1); // its group is nobody's business
}
