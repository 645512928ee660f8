import { storePromises } from '../support/contracts/store-contract.ts';
import type { ClusterScenario } from './cluster-scenario.ts';
import { applyObject, makeStoreUnderTest } from './store-support.ts';

const WEB_NAMESPACE = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'web' } };

export const scenarios: readonly ClusterScenario[] = storePromises().map(({ sentence, keep }) => ({
  name: `store/contract: ${sentence}`,
  play: async (cluster) => {
    await applyObject(cluster.api, WEB_NAMESPACE);
    await keep(() => makeStoreUnderTest(cluster));
  },
}));
