import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { until } from '../exec.ts';
import { type Api, PATCH } from './api.ts';
import { collectionPath, objectPath } from './kinds.ts';

const CRDS = join(import.meta.dirname, '..', '..', 'modules', 'metallb', 'crds');

interface Definition {
  readonly metadata: { readonly name: string };
}

/** Applies the module's CustomResourceDefinitions. @returns once the API serves them */
export async function applyDefinitions(api: Api): Promise<void> {
  const files = readdirSync(CRDS).filter((name) => /^[a-z].*\.yaml$/.test(name));
  const definitions = files
    .filter((name) => !name.startsWith('doc-'))
    .flatMap((name) => parseAllDocuments(readFileSync(join(CRDS, name), 'utf8')))
    .map((document) => document.toJS() as Definition);
  for (const definition of definitions) {
    const path = objectPath('CustomResourceDefinition', definition.metadata.name);
    await api.send('PATCH', `${path}?fieldManager=lab&force=true`, definition, PATCH.apply);
  }
  await until({ what: 'definitions established', deadlineMs: 20_000 }, async () => {
    const { items } = (await api.get(collectionPath('CustomResourceDefinition'))) as {
      items: { status?: { conditions?: { type: string; status: string }[] } }[];
    };
    return items.every(({ status }) =>
      status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True'),
    );
  });
}
