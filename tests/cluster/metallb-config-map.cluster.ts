import { readdirSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { objectPath } from '../../lab/kubernetes/kinds.ts';
import type { NewObject } from '../../modules/metallb/src/store/store.ts';
import { legacyPromises } from '../support/contracts/legacy-store-contract.ts';
import { playCommand } from '../support/played-command.ts';
import type { ClusterScenario } from './cluster-scenario.ts';
import { applyObject, makeStoreUnderTest } from './store-support.ts';

const CONFIG_MAPS = new URL('../golden/metallb-config-map/', import.meta.url);
const FILES = readdirSync(CONFIG_MAPS).filter((file) => !file.endsWith('.converted.yaml'));

/** What a real API server makes of a ConfigMap of MetalLB. */
export const scenarios: readonly ClusterScenario[] = [
  {
    name: 'metallb-config-map/converted objects are taken, and keep all that they say',
    play: async ({ api }) => {
      let taken = 0;
      for (const [index, file] of FILES.entries()) {
        const namespace = `converted-${index}`;
        const input = readFileSync(new URL(file, CONFIG_MAPS), 'utf8');
        const { printed } = await playCommand(['convert', '-o', 'json', '-n', namespace], input);
        const { items } = JSON.parse(printed) as { items: readonly NewObject[] };
        const metadata = { name: namespace };
        await applyObject(api, { apiVersion: 'v1', kind: 'Namespace', metadata });
        for (const object of items) {
          await applyObject(api, object);
          const path = objectPath(object.kind, object.metadata.name, namespace);
          const { spec } = (await api.get(path)) as { spec?: object };
          // What the API server adds are defaults.
          assert.equal({ ...spec, ...(object.spec as object) }, { ...spec }, path);
          taken += 1;
        }
      }
      assert.ok(taken > FILES.length);
    },
  },

  ...legacyPromises().map(({ sentence, keep }) => ({
    name: `metallb-config-map/read directly: ${sentence}`,
    play: async (cluster: Parameters<ClusterScenario['play']>[0]) => {
      const left = [objectPath('ConfigMap', 'config'), objectPath('IPAddressPool', 'own')];
      for (const path of left) await cluster.api.ask('DELETE', path);
      await keep(() => makeStoreUnderTest(cluster));
    },
  })),
];
