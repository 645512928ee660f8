import type { Cluster, ClusterObject, MetadataChange, ObjectName } from '../cluster.ts';
import { run, tryRun, until } from '../exec.ts';
import { ipv4On, numberOf } from '../plan.ts';
import { type Api, PATCH } from './api.ts';
import { apiVersionOf, collectionPath, objectPath, resourceOf } from './kinds.ts';

/** Who the lab is to the API server: the owner of the fields that it applied. */
const FIELD_MANAGER = 'lab';
const CUT = 'inet cut_off';

/** Where the API server can be cut off from everybody but the lab. */
export interface ApiServerPort {
  readonly namespace: string;
  /** Interface to the nodes. */
  readonly interfaceName: string;
  readonly port: number;
}

/** Cluster state behind a real API server. */
export class KubernetesCluster implements Cluster {
  readonly #api: Api;
  readonly #port: ApiServerPort;
  /** Since the object was applied: what server-side apply would leave, as its manifest never had it. */
  readonly #changed = new Map<string, MetadataChange>();
  #cutOff: 'nobody' | 'somebody' | 'everybody' = 'nobody';

  constructor(api: Api, port: ApiServerPort) {
    this.#api = api;
    this.#port = port;
  }

  storeArgument(): string {
    return 'kubernetes';
  }

  async apply(...objects: readonly ClusterObject[]): Promise<void> {
    for (const object of objects) await this.#apply(object);
  }

  async delete({ kind, namespace, name }: ObjectName): Promise<void> {
    const path = objectPath(kind, name, namespace);
    const { status, body } = await this.#api.ask('DELETE', path);
    if (status >= 400 && status !== 404) throw new Error(`DELETE ${path}: ${JSON.stringify(body)}`);
    await until({ what: `${path} gone`, deadlineMs: 10_000 }, async () => {
      return (await this.#api.find(path)) === undefined;
    });
  }

  /** An API server gives each object a uid of its own. */
  async isForgotten(name: ObjectName): Promise<boolean> {
    return (await this.read(name)) === undefined;
  }

  async change({ kind, namespace, name }: ObjectName, change: MetadataChange): Promise<void> {
    const path = objectPath(kind, name, namespace);
    await this.#api.send('PATCH', path, { metadata: change }, PATCH.merge);
    const { labels, annotations } = this.#changed.get(path) ?? {};
    this.#changed.set(path, {
      labels: { ...labels, ...change.labels },
      annotations: { ...annotations, ...change.annotations },
    });
  }

  async read({ kind, namespace, name }: ObjectName): Promise<ClusterObject | undefined> {
    return (await this.#api.find(objectPath(kind, name, namespace))) as ClusterObject | undefined;
  }

  async list(kind: string): Promise<readonly ClusterObject[]> {
    const { items } = (await this.#api.get(collectionPath(kind))) as { items: ClusterObject[] };
    const apiVersion = apiVersionOf(kind);
    // The API server's own Service is nobody's manifest.
    return items
      .filter(({ metadata }) => !(kind === 'Service' && metadata.name === 'kubernetes'))
      .map((object) => ({ ...object, apiVersion, kind }));
  }

  async revision(): Promise<string | undefined> {
    if (this.#cutOff === 'everybody') return undefined;
    const { metadata } = (await this.#api.get(`${collectionPath('Namespace')}?limit=1`)) as {
      metadata: { resourceVersion: string };
    };
    return metadata.resourceVersion;
  }

  /** Nothing is told any more; connections that exist are reset when they are used, new ones refused. */
  async cutOff(node?: string): Promise<void> {
    this.#cutOff = node === undefined ? 'everybody' : 'somebody';
    const { interfaceName, port } = this.#port;
    const address = node === undefined ? undefined : ipv4On('management', numberOf(node));
    const [from, to] = ['saddr', 'daddr'].map((end) => (address ? `ip ${end} ${address}` : ''));
    await this.#nft(`add table ${CUT}
add chain ${CUT} input { type filter hook input priority 0; }
add rule ${CUT} input iifname "${interfaceName}" ${from} tcp dport ${port} reject with tcp reset
add chain ${CUT} output { type filter hook output priority 0; }
add rule ${CUT} output oifname "${interfaceName}" ${to} tcp sport ${port} tcp flags & rst == 0 drop
`);
  }

  async reconnect(): Promise<void> {
    if (this.#cutOff === 'nobody') return;
    await tryRun(this.#inNamespace(['nft', 'delete', 'table', ...CUT.split(' ')]));
    this.#cutOff = 'nobody';
  }

  async #apply(object: ClusterObject): Promise<void> {
    const { kind, metadata, status, ...rest } = object;
    const namespace = resourceOf(kind).isNamespaced ? (metadata.namespace ?? 'default') : undefined;
    const path = objectPath(kind, metadata.name, namespace);
    const query = `?fieldManager=${FIELD_MANAGER}&force=true`;
    const identity = { kind, metadata: { ...metadata, ...(namespace ? { namespace } : {}) } };
    await this.#undoChanges(path, metadata);
    await this.#api.send('PATCH', path + query, { ...rest, ...identity }, PATCH.apply);
    if (status === undefined) return;
    // As a kubelet does: conditions of others stay.
    const told = { apiVersion: object.apiVersion, ...identity, status };
    await this.#api.send('PATCH', `${path}/status${query}`, told, PATCH.apply);
  }

  async #undoChanges(path: string, wanted: ClusterObject['metadata']): Promise<void> {
    const changed = this.#changed.get(path);
    if (changed === undefined) return;
    this.#changed.delete(path);
    const gone = (names: object = {}, kept: object = {}) =>
      Object.fromEntries(
        Object.keys(names).flatMap((name) => (name in kept ? [] : [[name, null]])),
      );
    const metadata = {
      labels: gone(changed.labels, wanted.labels),
      annotations: gone(changed.annotations, wanted.annotations),
    };
    // What is not there any more needs no undoing.
    await this.#api.ask('PATCH', path, { metadata }, PATCH.merge);
  }

  async #nft(script: string): Promise<void> {
    await run(this.#inNamespace(['nft', '-f', '-']), script);
  }

  #inNamespace(command: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.#port.namespace, ...command];
  }
}
