import { chown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import type { Cluster, ClusterObject, MetadataChange, ObjectName } from './cluster.ts';

/** Cluster state as a directory of manifests, the way the programs' manifests store keeps it. */
export class ManifestCluster implements Cluster {
  readonly storeArgument: string;
  readonly #directory: string;
  readonly #applied = new Map<string, ClusterObject>();
  #writes = 0;
  #cutOff = false;

  constructor(directory: string) {
    this.#directory = directory;
    this.storeArgument = `manifests:${directory}`;
  }

  /** @param nodeUser owner of the folder that node programs write their status to */
  async create(nodeUser: number): Promise<void> {
    const nodes = join(this.#directory, '.state', 'nodes');
    await mkdir(nodes, { recursive: true });
    await mkdir(join(this.#directory, '.state', 'objects'), { recursive: true });
    await chown(nodes, nodeUser, nodeUser);
  }

  async apply(...objects: readonly ClusterObject[]): Promise<void> {
    for (const object of objects) {
      this.#applied.set(keyOf(nameOf(object)), object);
      await this.#write(fileNameOf(nameOf(object)), stringify(object));
    }
  }

  async delete(name: ObjectName): Promise<void> {
    this.#applied.delete(keyOf(name));
    this.#writes += 1;
    await rm(join(this.#directory, fileNameOf(name)), { force: true });
  }

  async change(name: ObjectName, change: MetadataChange): Promise<void> {
    const object = this.#applied.get(keyOf(name));
    if (object === undefined) throw new Error(`no manifest of ${keyOf(name)}`);
    const labels = merged(object.metadata.labels, change.labels);
    const annotations = merged(object.metadata.annotations, change.annotations);
    await this.apply({ ...object, metadata: { ...object.metadata, labels, annotations } });
  }

  async read(name: ObjectName): Promise<ClusterObject | undefined> {
    const objects = await this.list(name.kind);
    return objects.find((object) => keyOf(nameOf(object)) === keyOf(name));
  }

  async list(kind: string): Promise<readonly ClusterObject[]> {
    const stored = await this.#documentsIn(join('.state', 'objects', kind));
    const fragments = (await this.#documentsIn(join('.state', 'nodes'))).flatMap(fragmentsOf);
    const own = [...this.#applied.values()].filter((object) => object.kind === kind);
    const byKey = new Map(own.map((object) => [keyOf(nameOf(object)), object]));
    for (const overlay of stored) {
      const object = objectOf(overlay, kind);
      if (object === undefined) continue;
      const key = keyOf(nameOf(object));
      const user = byKey.get(key);
      // An overlay whose manifest is gone describes nothing any more.
      if (user !== undefined) byKey.set(key, overlaid(user, object));
      else if ('spec' in object) byKey.set(key, object);
    }
    return [...byKey.values()].map((object) => withFragments(object, fragments));
  }

  async revision(): Promise<string | undefined> {
    if (this.#cutOff) return undefined;
    const files = ['revision', 'nodes'].map((file) => join(this.#directory, '.state', file));
    const changed = await Promise.all(
      files.map((file) =>
        stat(file).then(
          (found) => `${found.ino}:${found.mtimeMs}`,
          () => '',
        ),
      ),
    );
    return [...changed, this.#writes].join(' ');
  }

  async cutOff(): Promise<void> {
    this.#cutOff = true;
    await rename(this.#directory, `${this.#directory}.gone`);
  }

  async reconnect(): Promise<void> {
    if (!this.#cutOff) return;
    await rename(`${this.#directory}.gone`, this.#directory);
    this.#cutOff = false;
  }

  /** Atomic: a watcher never reads half a manifest. */
  async #write(fileName: string, text: string): Promise<void> {
    this.#writes += 1;
    const temporary = join(this.#directory, `.${fileName}.${this.#writes}`);
    await writeFile(temporary, text);
    await rename(temporary, join(this.#directory, fileName));
  }

  async #documentsIn(folder: string): Promise<unknown[]> {
    const root = join(this.#directory, folder);
    const entries = await readdir(root, { recursive: true }).catch(() => []);
    const files = entries.filter((entry) => /(?:^|\/)[^./][^/]*\.yaml$/.test(entry));
    const texts = await Promise.all(
      // A file may go between listing and reading.
      files.map((file) => readFile(join(root, file), 'utf8').catch(() => '')),
    );
    return texts.flatMap((text) => [...parseAllDocuments(text)].map((document) => document.toJS()));
  }
}

interface Fragment {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly status?: Readonly<Record<string, unknown>>;
}

function nameOf(object: ClusterObject): ObjectName {
  return { kind: object.kind, namespace: object.metadata.namespace, name: object.metadata.name };
}

/** `default` and no namespace are the same one, as for kubectl. */
function keyOf({ kind, namespace = 'default', name }: ObjectName): string {
  return `${kind}/${namespace}/${name}`;
}

function fileNameOf(name: ObjectName): string {
  return `${keyOf(name).replaceAll('/', '-').toLowerCase()}.yaml`;
}

function merged(
  old: Readonly<Record<string, string>> = {},
  change: Readonly<Record<string, string | null>> = {},
): Record<string, string> {
  const entries = Object.entries({ ...old, ...change });
  return Object.fromEntries(
    entries.flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
  );
}

function objectOf(document: unknown, kind: string): ClusterObject | undefined {
  const object = document as Partial<ClusterObject> | null;
  if (object?.metadata?.name === undefined) return undefined;
  return { apiVersion: '', ...object, kind, metadata: object.metadata };
}

function fragmentsOf(document: unknown): Fragment[] {
  return (document as { fragments?: Fragment[] } | null)?.fragments ?? [];
}

function overlaid(user: ClusterObject, overlay: ClusterObject): ClusterObject {
  const labels = { ...user.metadata.labels, ...overlay.metadata.labels };
  return {
    ...user,
    metadata: { ...overlay.metadata, ...user.metadata, labels },
    status: { ...user.status, ...overlay.status },
  };
}

/** The latest announcer wins, conditions merge by type. */
function withFragments(object: ClusterObject, fragments: readonly Fragment[]): ClusterObject {
  const statuses = fragments
    .filter((fragment) => keyOf(fragment) === keyOf(nameOf(object)))
    .map((fragment) => fragment.status ?? {});
  if (statuses.length === 0) return object;
  const all = [object.status ?? {}, ...statuses];
  const conditions = new Map(
    all.flatMap((status) => listOf(status['conditions'])).map((one) => [one['type'], one]),
  );
  const announcers = statuses.flatMap((status) => listOf([status['announcer']]));
  const latest = announcers
    .sort((a, b) => String(a['since']).localeCompare(String(b['since'])))
    .at(-1);
  return {
    ...object,
    status: {
      ...object.status,
      ...(conditions.size > 0 ? { conditions: [...conditions.values()] } : {}),
      ...(latest === undefined ? {} : { announcer: latest }),
    },
  };
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter((one) => one !== undefined && one !== null) : [];
}
