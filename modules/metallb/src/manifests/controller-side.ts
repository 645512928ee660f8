import { statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject } from '../api/object.ts';
import { describeObject, type PatchOperation, patchObject } from '../store/apply-patch.ts';
import { InvalidError, NotFoundError, StoreUnavailableError } from '../store/errors.ts';
import { ObjectTable, type TableChange } from '../store/object-table.ts';
import type { NewObject, ObjectRef, Operation } from '../store/store.ts';
import type { Timer } from '../time/clock.ts';
import { AtomicFiles, readIfThere } from './atomic-file.ts';
import { ControllerLock } from './controller-lock.ts';
import { parseFragments } from './fragment-file.ts';
import { isMadeByNodes, withoutFragments } from './fragments.ts';
import { isObjectName, nodeOfFile, USER_FILES } from './layout.ts';
import { type BaseObject, PublishedObjects, readRevision } from './published-objects.ts';
import type { Side, SidePorts } from './side.ts';
import { UserFiles } from './user-files.ts';
import {
  isControllersKind,
  newUserObject,
  remarkedUserObject,
  updatedUserObject,
  wantedBy,
} from './user-object.ts';
import { type FileChange, WatchedTree } from './watched-tree.ts';

/**
 * An object that left its file is deleted only after this time: editors save by removing and writing anew, and an
 * object made anew would lose its IPs.
 */
const DELETION_GRACE_MS = 100;
const COUNTER_DELAY_MS = 5;
/** Room for 20,000 Services. Nothing else is done while a file is parsed, which takes seconds for this much. */
const MAXIMUM_FILE_BYTES = 16 * 1024 * 1024;

/**
 * The controller's part: it is to the directory what the API server is to a cluster. It reads users' files, gives
 * their objects uid and version, keeps children and statuses, and publishes all of it for the nodes.
 */
export class ControllerSide implements Side {
  readonly #ports: SidePorts;
  readonly #lock: ControllerLock;
  readonly #published: PublishedObjects;
  readonly #table: ObjectTable;
  readonly #userFiles: UserFiles;
  readonly #userTree: WatchedTree;
  readonly #nodeTree: WatchedTree;
  /** Objects whose files may ask for something else than what is published. */
  readonly #touched = new Set<ObjectRef>();
  /** By kind and name, the longest missed first. */
  readonly #vanished = new Map<string, { readonly ref: ObjectRef; readonly at: number }>();
  #sweep: Timer | undefined;
  /** The highest version that a file in the state directory names. */
  #revisionOnDisk = 0;
  #counterOnDisk = 0;
  #counterDue: Timer | undefined;

  constructor(ports: SidePorts, newUid: () => string) {
    this.#ports = ports;
    const { layout, clock, onLost } = ports;
    this.#lock = new ControllerLock(layout.lock);
    this.#published = new PublishedObjects(layout, new AtomicFiles(layout.temporary, 'controller'));
    this.#table = new ObjectTable({ clock, newUid, onChange: (change) => this.#publish(change) });
    this.#userFiles = new UserFiles(ports.onProblem);
    this.#userTree = new WatchedTree({
      root: layout.directory,
      clock,
      ...USER_FILES,
      onChanges: (changes) => this.#apply(changes),
      onLost,
      onUnreadable: (path, error) => this.#report(path, unreadable(error)),
    });
    this.#nodeTree = new WatchedTree({
      root: layout.nodes,
      clock,
      acceptsDirectory: () => true,
      acceptsFile: (name) => name.endsWith('.yaml'),
      onChanges: (changes) => this.#hearNodes(changes),
      onLost,
    });
  }

  get revision(): number {
    return this.#table.revision;
  }

  start(): void {
    this.#lock.acquire();
    const { view, layout } = this.#ports;
    this.#counterOnDisk = readRevision(layout);
    this.#revisionOnDisk = this.#counterOnDisk;
    const objects = this.#published.readAll((path) => this.#report(path, 'damaged: left out'));
    this.#table.load(objects, this.#revisionOnDisk);
    this.#hearNodes(this.#nodeTree.scan());
    for (const object of objects) {
      view.setBase(object);
      if (object.origin !== undefined) this.#userFiles.adopt(wantedBy(object, object.origin));
    }
    this.#commit(() => {
      const present = this.#userTree.scan().map(({ path }) => path);
      const known = Array.from(this.#userFiles.files(), (file) => join(layout.directory, file));
      this.#read(new Set([...present, ...known]));
      this.#sync();
      this.#deleteVanished(Number.POSITIVE_INFINITY);
      this.#table.collectOrphans();
    });
  }

  rescan(): void {
    this.#hearNodes(this.#nodeTree.scan());
    this.#apply(this.#userTree.scan());
  }

  async write(operation: Operation): Promise<KubernetesObject | undefined> {
    return this.#commit(() => {
      switch (operation.do) {
        case 'create':
          return this.#create(operation.object);
        case 'patch':
          return this.#patch(operation);
        case 'delete':
          return this.#delete(operation.ref, operation.uid);
      }
    });
  }

  async stop(): Promise<void> {
    this.#sweep?.cancel();
    this.#sweep = undefined;
    this.#counterDue?.cancel();
    this.#counterDue = undefined;
    this.#userTree.stop();
    this.#nodeTree.stop();
    this.#lock.release();
  }

  #create(object: NewObject): KubernetesObject {
    const { kind, metadata } = object;
    if (!isControllersKind(kind)) {
      throw new InvalidError(
        `${kind} ${metadata.name}: objects of this kind come from users' files`,
      );
    }
    if (!isObjectName(metadata.name) || !isObjectName(metadata.namespace)) {
      throw new InvalidError(`${kind} "${metadata.namespace}/${metadata.name}" is no valid name`);
    }
    return this.#table.create({ ...object, status: undefined });
  }

  #patch(operation: PatchOperation): KubernetesObject | undefined {
    const { ref } = operation;
    const { view } = this.#ports;
    const base = view.base(ref);
    const merged = view.get(ref);
    if (base === undefined || merged === undefined) {
      throw new NotFoundError(`${describeObject(ref)} does not exist`);
    }
    const patched = patchObject(merged, operation);
    if (!isDeepStrictEqual(patched, merged))
      this.#table.replace(this.#next(operation, base, patched));
    return view.get(ref);
  }

  #next(operation: PatchOperation, base: BaseObject, patched: KubernetesObject): KubernetesObject {
    const { ref } = operation;
    const { origin } = base;
    const isStatus = operation.subresource === 'status';
    const status = isStatus
      ? withoutFragments(patched.status, this.#ports.view.fragmentsOf(ref))
      : base.status;
    if (origin === undefined) return { ...(isStatus ? base : patched), status };
    const wanted = this.#userFiles.get(ref)?.object.metadata ?? {};
    const next = remarkedUserObject(operation, { base, origin, wanted }, patched);
    const ownsStatus = origin.ownsStatus || isStatus;
    return { ...next, status, origin: { ...origin, ...next.origin, ownsStatus } };
  }

  #delete(ref: ObjectRef, uid: string | undefined): undefined {
    const file = this.#ports.view.base(ref)?.origin?.file;
    if (file !== undefined) throw new InvalidError(`${describeObject(ref)} belongs to ${file}`);
    this.#table.delete(ref, uid);
  }

  #publish(change: TableChange): void {
    const { view } = this.#ports;
    const object = change.object as BaseObject;
    if (change.type === 'changed') {
      this.#published.write(object);
      this.#revisionOnDisk = Number(object.metadata.resourceVersion);
      view.setBase(object);
    } else {
      this.#published.remove(object);
      view.deleteBase({ kind: object.kind, ...object.metadata });
    }
  }

  #apply(changes: readonly FileChange[]): void {
    this.#read(changes.map(({ path }) => path));
    this.#commit(() => this.#sync());
    this.#sweepLater();
  }

  /** Each after its own time: where something vanishes all the time, all of it would wait for ever. */
  #sweepLater(): void {
    const [first] = this.#vanished.values();
    if (first === undefined || this.#sweep !== undefined) return;
    const { clock } = this.#ports;
    this.#sweep = this.#after(first.at + DELETION_GRACE_MS - clock.now(), () => {
      this.#sweep = undefined;
      this.#commit(() => this.#deleteVanished(clock.now() - DELETION_GRACE_MS));
      this.#sweepLater();
    });
  }

  #after(ms: number, work: () => void): Timer {
    return this.#ports.clock.after(ms, () => {
      try {
        work();
      } catch (error) {
        this.#ports.onLost(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  #read(paths: Iterable<string>): void {
    const texts = new Map<string, string | undefined>();
    for (const path of paths) {
      try {
        texts.set(this.#nameOf(path), readIfThere(path, MAXIMUM_FILE_BYTES));
      } catch (error) {
        this.#report(path, unreadable(error));
      }
    }
    for (const ref of this.#userFiles.update(texts)) this.#touched.add(ref);
  }

  #sync(): void {
    for (const ref of this.#touched) {
      const wanted = this.#userFiles.get(ref);
      const base = this.#ports.view.base(ref);
      this.#vanished.delete(describeObject(ref));
      if (wanted === undefined)
        this.#vanished.set(describeObject(ref), { ref, at: this.#ports.clock.now() });
      else if (base === undefined) this.#table.create(newUserObject(wanted));
      else this.#table.replace(updatedUserObject(wanted, base));
      // Only now: what can't be written today is tried again when the directory is back.
      this.#touched.delete(ref);
    }
  }

  /** @param missedBy what was missed by then */
  #deleteVanished(missedBy: number): void {
    const gone = [...this.#vanished].filter(([, { at }]) => at <= missedBy);
    // Throws where the directory has been unmounted: who finds nothing there must not take it for deleted.
    if (gone.length > 0) statSync(this.#ports.layout.objects);
    for (const [id, { ref }] of gone) {
      if (this.#userFiles.get(ref) === undefined) this.#table.delete(ref);
      this.#vanished.delete(id);
    }
  }

  #hearNodes(changes: readonly FileChange[]): void {
    for (const { path } of changes) {
      const { view, layout } = this.#ports;
      const node = nodeOfFile(layout, path);
      if (node === undefined) continue;
      const stale = view.setFragments(path, parseFragments(node, readIfThere(path) ?? ''));
      this.#commit(() => {
        for (const ref of stale) {
          if (isMadeByNodes(ref.kind)) view.refresh(ref);
          else this.#table.touch(ref);
        }
      });
    }
  }

  #commit<T>(change: () => T): T {
    try {
      const result = change();
      this.#counted();
      return result;
    } catch (error) {
      if (!(error instanceof Error) || !('syscall' in error)) throw error;
      throw new StoreUnavailableError(`can't work on the directory: ${error.message}`, {
        cause: error,
      });
    }
  }

  /** At once where no object's file tells the version, which is after a deletion; else once for all of a burst. */
  #counted(): void {
    if (this.#table.revision > this.#revisionOnDisk) this.#saveCounter();
    else if (this.#table.revision > this.#counterOnDisk) {
      this.#counterDue ??= this.#after(COUNTER_DELAY_MS, () => this.#saveCounter());
    }
  }

  #saveCounter(): void {
    this.#counterDue?.cancel();
    this.#counterDue = undefined;
    const { revision } = this.#table;
    this.#published.writeRevision(revision);
    this.#counterOnDisk = revision;
    this.#revisionOnDisk = revision;
  }

  #nameOf(path: string): string {
    return relative(this.#ports.layout.directory, path);
  }

  #report(path: string, message: string): void {
    this.#ports.onProblem({ file: this.#nameOf(path), line: 1, message });
  }
}

function unreadable(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return `can't be read; what it said before stays in force: ${reason}`;
}
