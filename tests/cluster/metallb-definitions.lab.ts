import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { parseAllDocuments, stringify } from 'yaml';
import { delay, until } from '../../lab/exec.ts';
import { assignedIps } from '../../lab/health.ts';
import { auditFolder, requestsOf } from '../../lab/kubernetes/audit.ts';
import { runBackends } from '../../lab/kubernetes/backend-pods.ts';
import { builtFolder } from '../../lab/kubernetes/commands.ts';
import { collectionPath, objectPath } from '../../lab/kubernetes/kinds.ts';
import { applyDefinitions } from '../../lab/kubernetes/module.ts';
import type { Lab } from '../../lab/lab.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { ANNOTATION } from '../../modules/metallb/src/api/names.ts';
import {
  announcer,
  answererOf,
  applyText,
  BESIDE_METALLB,
  firstManifest,
  haveNamespace,
  withoutMetallbObjects,
} from './metallb-lab.ts';

/** A definition is asked for once a minute at last. */
const FOUND_WITHIN_MS = 75_000;
const QUIET_MS = 10_000;
const ACCOUNTS = ['controller', 'speaker'];

/** The definitions of MetalLB's API, where the module does not find its own. */
export const scenarios: readonly Scenario[] = [
  scenario(
    'metallb/definitions-that-are-missing-stop-nothing',
    { lab: BESIDE_METALLB, stores: ['kubernetes'], isLong: true, deadlineMs: 240_000 },
    async (lab) => {
      const { api, plane } = lab.kubernetes;
      await freshServices(lab);
      await withoutDefinitions(lab);
      // As an upgrade by helm of a release that had none of them: every program starts without.
      await plane.kubectl([
        'delete',
        'pods',
        '--all',
        `--namespace=${lab.options.releaseNamespace}`,
      ]);
      await freshServices(lab, lab.nodes.length, FOUND_WITHIN_MS);
      const installedAt = performance.now();
      await applyDefinitions(api);
      await haveNamespace(lab);
      await applyText(lab, firstManifest('plain'));
      await runBackends(lab, 'plain');
      const [ip = ''] = await assignedIps(lab, 'plain', 1, FOUND_WITHIN_MS);
      await answererOf(lab, ip);
      const seconds = (performance.now() - installedAt) / 1_000;
      await withoutMetallbObjects(lab);
      return { unit: 's from definitions to an answer', samples: [seconds] };
    },
  ),

  scenario(
    'metallb/definitions-of-metallb-itself-are-enough',
    { lab: BESIDE_METALLB, stores: ['kubernetes'], isLong: true, deadlineMs: 180_000 },
    async (lab) => {
      const { api, plane } = lab.kubernetes;
      await plane.kubectl(['replace', '--filename=-'], definitionsOfMetallb());
      try {
        await haveNamespace(lab);
        await applyText(lab, firstManifest('plain'));
        await runBackends(lab, 'plain');
        const [ip = ''] = await assignedIps(lab, 'plain', 1);
        const first = await announcer(lab);
        await lab.cluster.change(
          { kind: 'Node', name: first },
          { annotations: { [ANNOTATION.drain]: 'true' } },
        );
        const second = await announcer(lab, first);
        assert.is(lab.macOf(second), await answererOf(lab, ip));
        await delay(QUIET_MS);
        const quietSince = new Date().toISOString();
        await delay(QUIET_MS);
        assert.equal(writesSince(lab, quietSince), []);
        await withoutMetallbObjects(lab);
      } finally {
        // Its conversion would ask a webhook that nobody runs.
        await plane.kubectl(['delete', 'customresourcedefinition', 'bgppeers.metallb.io']);
        await applyDefinitions(api);
      }
      return undefined;
    },
  ),
];

interface Definition {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** Deletes those of MetalLB's kinds and Deckhouse's pool. @returns once the API server has forgotten them */
async function withoutDefinitions({ kubernetes: { api } }: Lab): Promise<void> {
  const { items } = (await api.get(collectionPath('CustomResourceDefinition'))) as {
    items: readonly Definition[];
  };
  const names = items
    .map(({ metadata }) => metadata.name)
    .filter((name) => name.endsWith('.metallb.io') || name.startsWith('metalloadbalancerpools.'));
  assert.is(names.length, 10);
  for (const name of names) {
    await api.send('DELETE', objectPath('CustomResourceDefinition', name));
  }
  await until({ what: 'definitions gone', deadlineMs: 20_000 }, async () => {
    const asked = ['IPAddressPool', 'ServiceL2Status', 'MetalLoadBalancerPool'].map((kind) =>
      api.ask('GET', collectionPath(kind)),
    );
    return (await Promise.all(asked)).every(({ status }) => status === 404);
  });
}

/** As its users apply them. */
function definitionsOfMetallb(): string {
  const manifest = readFileSync(join(builtFolder('metallb'), 'metallb-native.yaml'), 'utf8');
  const definitions = parseAllDocuments(manifest)
    .map((document) => document.toJS() as Definition)
    .filter(({ kind }) => kind === 'CustomResourceDefinition');
  assert.ok(definitions.length >= 8);
  return definitions.map((definition) => stringify(definition)).join('---\n');
}

/** Whatever the programs wrote, but Leases. */
function writesSince(lab: Lab, since: string): string[] {
  const requests = ACCOUNTS.flatMap((account) =>
    requestsOf(auditFolder(lab), lab.options.releaseNamespace, account),
  );
  return requests
    .filter(({ verb, resource, at }) => {
      return at > since && resource !== 'leases' && !/^(?:get|list|watch)$/.test(verb);
    })
    .map(({ verb, resource, name, code }) => `${verb} ${resource} ${name}: ${code}`);
}
