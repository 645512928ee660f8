import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { CHILD_KIND } from '../modules/metallb/src/api/names.ts';
import { parseFragments } from '../modules/metallb/src/manifests/fragment-file.ts';
import {
  type Fragment,
  isMadeByNodes,
  madeObject,
  mergeStatus,
} from '../modules/metallb/src/manifests/fragments.ts';
import { layoutOf, objectFile, type StateLayout } from '../modules/metallb/src/manifests/layout.ts';
import type { Cluster, ClusterObject, MetadataChange, ObjectName } from './cluster.ts';

/** Kinds whose status nodes have a share in; with hundreds of IPs, reading it takes long. */
const WRITTEN_BY_NODES = [CHILD_KIND, 'Node'];

/** Cluster state as a directory of manifests, the way the programs' manifests store keeps it. */
export class ManifestCluster implements Cluster {
  readonly #directory: string;
  readonly #layout: StateLayout;
  readonly #applied = new Map<string, ClusterObject>();
  #writes = 0;
  /** Paths that lead nowhere for now. */
  readonly #cutOff = new Set<string>();

  constructor(directory: string) {
    this.#directory = directory;
    this.#layout = layoutOf(directory);
  }

  storeArgument(node?: string): string {
    return `manifests:${this.#pathFor(node)}`;
  }

  /** Each node has a way of its own to the state, which can be cut. */
  #pathFor(node?: string): string {
    return node === undefined ? this.#directory : `${this.#directory}-for-${node}`;
  }

  /** @param nodeUser owner of the folder that node programs write their status to */
  async create(nodeUser: number, nodes: readonly string[]): Promise<void> {
    for (const folder of [this.#layout.objects, this.#layout.nodes, this.#layout.temporary]) {
      await mkdir(folder, { recursive: true });
    }
    await chown(this.#layout.nodes, nodeUser, -1); // its group is nobody's business
    await chmod(this.#layout.temporary, 0o1777);
    for (const node of nodes) await symlink(this.#directory, this.#pathFor(node));
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

  async isForgotten(name: ObjectName): Promise<boolean> {
    return (await this.#publishedOne(name)) === undefined;
  }

  async change(name: ObjectName, change: MetadataChange): Promise<void> {
    const object = this.#applied.get(keyOf(name));
    if (object === undefined) throw new Error(`no manifest of ${keyOf(name)}`);
    const labels = merged(object.metadata.labels, change.labels);
    const annotations = merged(object.metadata.annotations, change.annotations);
    await this.apply({ ...object, metadata: { ...object.metadata, labels, annotations } });
  }

  async read(name: ObjectName): Promise<ClusterObject | undefined> {
    if (WRITTEN_BY_NODES.includes(name.kind)) {
      const objects = await this.list(name.kind);
      return objects.find((object) => keyOf(nameOf(object)) === keyOf(name));
    }
    // Of thousands of Services the files of all others need not be read.
    const object = this.#applied.get(keyOf(name));
    const known = await this.#publishedOne(name);
    if (object === undefined || known === undefined) return object;
    return seenByPrograms(object, known, []);
  }

  async list(kind: string): Promise<readonly ClusterObject[]> {
    if (isMadeByNodes(kind)) return madeOf(await this.#fragments(), kind);
    const published = await this.#published(kind);
    const fragments = byUid(WRITTEN_BY_NODES.includes(kind) ? await this.#fragments() : []);
    // What users write is there as soon as they wrote it, and gone as soon as they deleted it.
    const applied = [...this.#applied.values()].filter((object) => object.kind === kind);
    const objects = kind === CHILD_KIND ? [...published.values()] : applied;
    return objects.map((object) => {
      const known = published.get(keyOf(nameOf(object)));
      if (known === undefined) return object;
      return seenByPrograms(object, known, fragments.get(`${known.metadata['uid']}`) ?? []);
    });
  }

  async revision(): Promise<string | undefined> {
    if (this.#cutOff.has(this.#directory)) return undefined;
    const nodes = await readdir(this.#layout.nodes).catch(() => []);
    const ofNodes = nodes.map((node) => join(this.#layout.nodes, node));
    const files = [this.#layout.revision, ...ofNodes];
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

  async cutOff(node?: string): Promise<void> {
    const path = this.#pathFor(node);
    await rename(path, `${path}.gone`);
    this.#cutOff.add(path);
  }

  async reconnect(): Promise<void> {
    for (const path of this.#cutOff) {
      await rename(`${path}.gone`, path);
      this.#cutOff.delete(path);
    }
  }

  async #fragments(): Promise<Fragment[]> {
    const files = await filesIn(this.#layout.nodes);
    return files.flatMap(({ path, text }) => parseFragments(dirname(path), text));
  }

  /** Atomic: a watcher never reads half a manifest. */
  async #write(fileName: string, text: string): Promise<void> {
    this.#writes += 1;
    const temporary = join(this.#directory, `.${fileName}.${this.#writes}`);
    await writeFile(temporary, text);
    await rename(temporary, join(this.#directory, fileName));
  }

  async #publishedOne({
    kind,
    namespace = '_',
    name,
  }: ObjectName): Promise<ClusterObject | undefined> {
    for (const folder of [namespace, 'default']) {
      const path = objectFile(this.#layout, { kind, metadata: { namespace: folder, name } });
      const text = await readFile(path, 'utf8').catch(() => undefined);
      if (text !== undefined) return JSON.parse(text);
    }
    return undefined;
  }

  async #published(kind: string): Promise<Map<string, ClusterObject>> {
    const files = await filesIn(join(this.#layout.objects, kind));
    const objects = files.map(({ text }): ClusterObject => JSON.parse(text));
    return new Map(objects.map((object) => [keyOf(nameOf(object)), object]));
  }
}

/** All files in a directory and below; one may go between listing and reading. */
async function filesIn(directory: string): Promise<{ path: string; text: string }[]> {
  const entries = await readdir(directory, { recursive: true }).catch(() => []);
  const files = entries
    .filter((entry) => entry.endsWith('.yaml'))
    .map(async (path) => {
      const text = await readFile(join(directory, path), 'utf8').catch(() => undefined);
      return text === undefined ? [] : [{ path, text }];
    });
  return (await Promise.all(files)).flat();
}

/** What nodes have made: objects that nobody published. */
function madeOf(fragments: readonly Fragment[], kind: string): ClusterObject[] {
  return [...byUid(fragments.filter((each) => each.kind === kind)).values()].flatMap((all) => {
    const [first] = all;
    if (first === undefined) return [];
    const { metadata, ...rest } = madeObject(first, all);
    const made = { ...rest, metadata: { ...metadata }, spec: {}, status: {} };
    return [seenByPrograms(made, made, all)];
  });
}

function byUid(fragments: readonly Fragment[]): Map<string, Fragment[]> {
  const all = new Map<string, Fragment[]>();
  for (const fragment of fragments) {
    const known = all.get(fragment.uid);
    if (known === undefined) all.set(fragment.uid, [fragment]);
    else known.push(fragment);
  }
  return all;
}

/** An object with labels and status of the programs, the nodes' shares merged in. */
function seenByPrograms(
  object: ClusterObject,
  published: ClusterObject,
  fragments: readonly Fragment[],
): ClusterObject {
  const status = mergeStatus(published.status, fragments) as ClusterObject['status'];
  const labels = { ...object.metadata.labels, ...published.metadata.labels };
  const metadata = { ...published.metadata, ...object.metadata, labels };
  return { ...object, metadata, ...(status === undefined ? {} : { status }) };
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
