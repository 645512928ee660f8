import { until } from '../../lab/exec.ts';
import type { Api } from '../../lab/kubernetes/api.ts';
import { PATCH } from '../../lab/kubernetes/api.ts';
import { collectionPath, objectPath } from '../../lab/kubernetes/kinds.ts';
import { isRecord } from '../../modules/metallb/src/api/fields.ts';
import { type ConnectedClient, connect } from '../../modules/metallb/src/kube/api-client.ts';
import { KubeStore } from '../../modules/metallb/src/kube/kube-store.ts';
import type { NewObject } from '../../modules/metallb/src/store/store.ts';
import { systemClock } from '../../modules/metallb/src/time/system-clock.ts';
import type { StoreUnderTest } from '../support/contracts/store-contract.ts';
import type { TestCluster } from './cluster-scenario.ts';

/** Stores and clients of one scenario, which all end with it. */
export class StoreBench {
  readonly #stores: KubeStore[] = [];
  readonly #clients: ConnectedClient[] = [];
  readonly unreadable: string[] = [];

  /** A store with a connection of its own, started. */
  async open(kubeconfig: string, socketPath?: string): Promise<KubeStore> {
    const client = connect({ kubeconfig, socketPath });
    this.#clients.push(client);
    const store = new KubeStore({
      client,
      clock: systemClock,
      random: Math.random,
      onUnreadable: (kind, error) => this.unreadable.push(`${kind}: ${error.message}`),
    });
    this.#stores.push(store);
    await store.start();
    return store;
  }

  async end(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.stop()));
    for (const client of this.#clients) client.close();
  }
}

/** For the store contract: a cluster without objects of users. */
export async function makeStoreUnderTest({ plane, api }: TestCluster): Promise<StoreUnderTest> {
  const bench = new StoreBench();
  await removeAll(api);
  const store = await bench.open(plane.kubeconfig('admin'));
  return {
    store,
    user: {
      apply: (object) => applyObject(api, object),
      remove: async ({ kind, name, namespace }) => {
        await api.send('DELETE', objectPath(kind, name, namespace));
      },
    },
    restart: async (whileDown) => {
      await store.stop();
      await whileDown();
      return bench.open(plane.kubeconfig('admin'));
    },
    cleanup: () => bench.end(),
  };
}

/** As `kubectl apply` does; a Service gets the port that the API server insists on, and its namespace is made. */
export async function applyObject(api: Api, object: NewObject): Promise<void> {
  const { kind, metadata, spec } = object;
  const whole =
    kind === 'Service' && isRecord(spec) && spec['ports'] === undefined
      ? { ...object, spec: { ...spec, ports: [{ port: 80 }] } }
      : object;
  const path = objectPath(kind, metadata.name, metadata.namespace);
  await api.send('PATCH', `${path}?fieldManager=test&force=true`, whole, PATCH.apply);
}

/** Deletes all Services, children, classes and nodes, and waits until they are gone. */
export async function removeAll(api: Api): Promise<void> {
  const kinds = ['Service', 'Node', 'MetalLoadBalancerClass', 'SDNInternalL2LBService'];
  for (const kind of kinds) {
    await until({ what: `no ${kind} left`, deadlineMs: 30_000, everyMs: 50 }, async () => {
      const left = await pathsOf(api, kind);
      await Promise.all(left.map((path) => api.ask('DELETE', path)));
      return left.length === 0;
    });
  }
}

async function pathsOf(api: Api, kind: string): Promise<string[]> {
  const { items } = (await api.get(collectionPath(kind))) as {
    items: { metadata: { name: string; namespace?: string } }[];
  };
  return items
    .map(({ metadata }) => metadata)
    .filter(({ name }) => !(kind === 'Service' && name === 'kubernetes'))
    .map(({ name, namespace }) => objectPath(kind, name, namespace));
}
