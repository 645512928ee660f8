import { basename, dirname, relative } from 'node:path';
import type { KubernetesObject } from '../api/object.ts';
import { InvalidError } from '../store/errors.ts';
import type { ObjectRef } from '../store/store.ts';
import { readIfThere } from './atomic-file.ts';
import { parseFragments } from './fragment-file.ts';
import { nodeOfFile } from './layout.ts';
import { type BaseObject, parseObjectFile, readRevision } from './published-objects.ts';
import type { Side, SidePorts } from './side.ts';
import { type FileChange, WatchedTree } from './watched-tree.ts';

/** Reads what the controller and the nodes publish, and writes nothing. */
export class ReaderSide implements Side {
  readonly #ports: SidePorts;
  readonly #tree: WatchedTree;
  readonly #refs = new Map<string, ObjectRef>();
  #revision = 0;

  /** @param ignored directory of a node, which is written here and need not be read */
  constructor(ports: SidePorts, ignored?: string) {
    this.#ports = ports;
    const { layout, clock, onLost } = ports;
    this.#tree = new WatchedTree({
      root: layout.state,
      clock,
      acceptsDirectory: (name) => name !== basename(layout.temporary),
      acceptsFile: (name) => name.endsWith('.yaml') || name === basename(layout.revision),
      onChanges: (changes) => this.#apply(changes.filter(({ path }) => dirname(path) !== ignored)),
      onLost,
    });
  }

  get revision(): number {
    return this.#revision;
  }

  start(): void {
    this.rescan();
  }

  rescan(): void {
    this.#apply(this.#tree.scan());
  }

  async write(): Promise<KubernetesObject | undefined> {
    throw new InvalidError('this program only reads the manifests directory');
  }

  async stop(): Promise<void> {
    this.#tree.stop();
  }

  #apply(changes: readonly FileChange[]): void {
    const { view, layout, onRevision } = this.#ports;
    const stale = changes.flatMap(({ path }) => {
      const node = nodeOfFile(layout, path);
      if (node === undefined) return [];
      return view.setFragments(path, parseFragments(node, readIfThere(path) ?? ''));
    });
    const objects = changes.filter(({ path }) => path.startsWith(`${layout.objects}/`));
    this.#applyObjects(objects.map(({ path }) => path));
    for (const ref of stale) view.refresh(ref);
    const before = this.#revision;
    this.#revision = Math.max(before, readRevision(layout));
    if (this.#revision > before) onRevision();
  }

  #applyObjects(paths: readonly string[]): void {
    const read = paths.map((path) => ({ path, text: readIfThere(path) }));
    const present: BaseObject[] = [];
    for (const { path, text } of read) {
      if (text === undefined) {
        this.#remove(path);
        continue;
      }
      const object = parseObjectFile(text);
      if (object === undefined) this.#reportDamaged(path);
      else present.push(this.#remember(path, object));
    }
    // In the order in which the controller wrote them.
    for (const object of present.sort((a, b) => versionOf(a) - versionOf(b))) {
      this.#revision = Math.max(this.#revision, versionOf(object));
      this.#ports.view.setBase(object);
    }
  }

  #remember(path: string, object: BaseObject): BaseObject {
    const { namespace, name } = object.metadata;
    this.#refs.set(path, { kind: object.kind, namespace, name });
    return object;
  }

  #remove(path: string): void {
    const ref = this.#refs.get(path);
    this.#refs.delete(path);
    if (ref !== undefined) this.#ports.view.deleteBase(ref);
  }

  #reportDamaged(path: string): void {
    const file = relative(this.#ports.layout.directory, path);
    this.#ports.onProblem({
      file,
      line: 1,
      message: 'damaged; what it said before stays in force',
    });
  }
}

function versionOf(object: BaseObject): number {
  return Number(object.metadata.resourceVersion);
}
