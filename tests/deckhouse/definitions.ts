import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { until } from '../../lab/exec.ts';
import { type Api, PATCH } from '../../lab/kubernetes/api.ts';
import { objectPath } from '../../lab/kubernetes/kinds.ts';
import { isRecord } from '../../modules/metallb/src/api/fields.ts';

const KIND = 'CustomResourceDefinition';

interface Definition {
  readonly metadata: { readonly name: string; readonly labels?: object };
  readonly status?: { readonly conditions?: readonly { type: string; status: string }[] };
}

/** Applies `crds/` of a module's folder as the installer of Deckhouse's module-sdk does. @returns once they are served */
export async function ensureDefinitions(api: Api, folder: string): Promise<void> {
  for (const definition of definitionsIn(folder)) {
    const path = objectPath(KIND, definition.metadata.name);
    await api.send('PATCH', `${path}?fieldManager=deckhouse&force=true`, definition, PATCH.apply);
    await until({ what: `${definition.metadata.name} is served`, deadlineMs: 30_000 }, async () => {
      const { status } = (await api.get(path)) as Definition;
      return status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True');
    });
  }
}

/** Files with descriptions in other languages (doc-…) are no definitions; keywords that Kubernetes does not know go. */
function definitionsIn(folder: string): Definition[] {
  const crds = join(folder, 'crds');
  return readdirSync(crds)
    .filter((file) => file.endsWith('.yaml') && !/^(?:doc-|_)/.test(file))
    .flatMap((file) => parseAllDocuments(readFileSync(join(crds, file), 'utf8')))
    .map((document) => withoutForeignKeywords(document.toJS()) as Definition)
    .map(({ metadata, ...rest }) => ({
      ...rest,
      metadata: { ...metadata, labels: { ...metadata.labels, heritage: 'deckhouse' } },
    }));
}

function withoutForeignKeywords(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutForeignKeywords);
  if (!isRecord(node)) return node;
  const kept = Object.entries(node).filter(([name]) => !/^x-(?!kubernetes-)/.test(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutForeignKeywords(value)]));
}
