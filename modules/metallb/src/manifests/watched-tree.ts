import { type FSWatcher, lstatSync, readdirSync, realpathSync, statSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Clock, Timer } from '../time/clock.ts';
import { codeOf, isMissing } from './atomic-file.ts';

/** A file that is new, different or gone. */
export interface FileChange {
  readonly path: string;
  readonly removed: boolean;
}

/** Which part of the file system is watched, and who is told. */
export interface WatchedTreeOptions {
  readonly root: string;
  readonly clock: Clock;
  /** By name, without the path before it. */
  readonly acceptsDirectory: (name: string) => boolean;
  readonly acceptsFile: (name: string) => boolean;
  readonly onChanges: (changes: readonly FileChange[]) => void;
  /** The tree can't be read any more; nothing is told until a `scan` succeeds. */
  readonly onLost: (error: Error) => void;
  /**
   * Something below the root may not be read, and stays as it was last seen. Told once until it can be read. Without
   * this, the tree is lost.
   */
  readonly onUnreadable?: (path: string, error: Error) => void;
}

interface Directory {
  readonly watcher: FSWatcher;
  readonly inode: number;
  readonly names: Set<string>;
}

/** Editors and loops write in bursts: what comes within this time is looked at once. */
const DEBOUNCE_MS = 3;
/**
 * The kernel's queue holds 16,384 events and drops the rest silently; near that, everything is looked at. A file that is
 * written beside its place and moved there is four of them.
 */
const MANY_EVENTS = 4_096;

/**
 * The files below a directory, by inotify: one watcher for each directory, because a recursive one misses what is
 * created inside a directory that was just made or moved in. An event says only where to look; what changed is found
 * by comparing each file's identity, size and time, so missed and doubled events are harmless.
 */
export class WatchedTree {
  readonly #options: WatchedTreeOptions;
  readonly #directories = new Map<string, Directory>();
  readonly #signatures = new Map<string, string>();
  /** Directories elsewhere that links in the tree lead to. */
  readonly #targets = new Map<string, FSWatcher>();
  readonly #dirty = new Set<string>();
  /** Events since the last look, of files that are not watched, too. */
  #heard = 0;
  readonly #unreadable = new Set<string>();
  /** Found and not yet told. */
  #changes: FileChange[] = [];
  #timer: Timer | undefined;

  constructor(options: WatchedTreeOptions) {
    this.#options = options;
  }

  /**
   * Looks at everything.
   *
   * @returns all files at first, then what differs from the last look
   * @throws the system's error when the tree can't be read or watched
   */
  scan(): readonly FileChange[] {
    // Throws when the root is gone: a store that disappears must not look like one that was emptied.
    statSync(this.#options.root);
    this.#dirty.clear();
    this.#check(this.#options.root);
    return this.#takeChanges();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const { watcher } of this.#directories.values()) watcher.close();
    for (const watcher of this.#targets.values()) watcher.close();
    this.#directories.clear();
    this.#targets.clear();
    this.#signatures.clear();
    this.#dirty.clear();
    this.#unreadable.clear();
    this.#changes = [];
  }

  #mark(path: string): void {
    this.#dirty.add(path);
    this.#timer ??= this.#options.clock.after(DEBOUNCE_MS, () => {
      this.#timer = undefined;
      this.#flush();
    });
  }

  #flush(): void {
    const { root, onChanges, onLost } = this.#options;
    try {
      statSync(root);
      const paths = [...this.#dirty];
      const isMany = this.#heard > MANY_EVENTS;
      this.#dirty.clear();
      this.#heard = 0;
      if (isMany) this.#check(root);
      else for (const path of paths) this.#check(path);
      const changes = this.#takeChanges();
      if (changes.length > 0) onChanges(changes);
    } catch (error) {
      onLost(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #takeChanges(): readonly FileChange[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  #check(path: string): void {
    try {
      this.#look(path);
      this.#unreadable.delete(path);
    } catch (error) {
      if (isMissing(error)) this.#forget(path);
      else this.#passOver(path, error);
    }
  }

  #look(path: string): void {
    const stats = statSync(path);
    if (stats.isDirectory()) {
      if (this.#signatures.has(path)) this.#forget(path);
      if (!isLoop(path)) this.#lookInside(path, stats.ino);
    } else if (stats.isFile()) {
      if (this.#directories.has(path)) this.#forget(path);
      this.#watchTarget(path);
      const signature = `${stats.ino}:${stats.size}:${stats.mtimeMs}:${stats.ctimeMs}`;
      if (this.#signatures.get(path) === signature) return;
      this.#signatures.set(path, signature);
      this.#changes.push({ path, removed: false });
    }
  }

  #passOver(path: string, error: unknown): void {
    const { root, onUnreadable } = this.#options;
    if (!isDenied(error) || path === root || onUnreadable === undefined) throw error;
    if (this.#unreadable.has(path)) return;
    this.#unreadable.add(path);
    onUnreadable(path, error);
  }

  #lookInside(path: string, inode: number): void {
    // Another directory of the same name: its watcher is still on the old one.
    if (this.#directories.get(path)?.inode !== inode) this.#directories.get(path)?.watcher.close();
    const directory = this.#directoryAt(path, inode);
    const names = readdirSync(path);
    for (const name of names) directory.names.add(name);
    for (const name of directory.names) {
      const child = join(path, name);
      if (this.#accepts(child)) this.#check(child);
    }
    const present = new Set(names);
    for (const name of directory.names) if (!present.has(name)) directory.names.delete(name);
  }

  #directoryAt(path: string, inode: number): Directory {
    const known = this.#directories.get(path);
    if (known?.inode === inode) return known;
    // Watched before it is read, so that nothing falls between.
    const watcher = watch(path, (_event, name) => this.#hear(path, name));
    watcher.on('error', (error) => this.#options.onLost(error));
    const directory = { watcher, inode, names: known?.names ?? new Set<string>() };
    this.#directories.set(path, directory);
    return directory;
  }

  #hear(directory: string, name: string | null): void {
    this.#heard += 1;
    // A mounted ConfigMap changes all its files by swapping the link `..data`; a directory's own end is told with its
    // own name.
    if (name === null || name.startsWith('..') || name === basename(directory)) {
      this.#mark(directory);
    }
    const path = join(directory, name ?? '.');
    if (name === null || !this.#accepts(path)) return;
    this.#directories.get(directory)?.names.add(name);
    this.#mark(path);
  }

  #accepts(path: string): boolean {
    const name = basename(path);
    const { acceptsDirectory, acceptsFile } = this.#options;
    if (this.#signatures.has(path) || this.#directories.has(path)) return true;
    try {
      const stats = statIfThere(path);
      if (stats === undefined) return false;
      return stats.isDirectory() ? acceptsDirectory(name) : acceptsFile(name);
    } catch (error) {
      // What may not be looked at is not overlooked either.
      if (isDenied(error)) return true;
      throw error;
    }
  }

  #forget(path: string): void {
    if (this.#signatures.delete(path)) this.#changes.push({ path, removed: true });
    const directory = this.#directories.get(path);
    if (directory === undefined) return;
    directory.watcher.close();
    this.#directories.delete(path);
    for (const name of directory.names) this.#forget(join(path, name));
  }

  /** A link's target may change where no watcher of ours is. */
  #watchTarget(path: string): void {
    if (!lstatSync(path).isSymbolicLink()) return;
    const target = dirname(realpathSync(path));
    if (this.#directories.has(target) || this.#targets.has(target)) return;
    const watcher = watch(target, () => {
      if (statIfThere(target) === undefined) this.#dropTarget(target);
      this.#mark(this.#options.root);
    });
    watcher.on('error', () => this.#dropTarget(target));
    this.#targets.set(target, watcher);
  }

  #dropTarget(target: string): void {
    this.#targets.get(target)?.close();
    this.#targets.delete(target);
  }
}

function statIfThere(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isDenied(error: unknown): error is Error {
  const code = codeOf(error);
  return code === 'EACCES' || code === 'EPERM';
}

/** A link to a directory that contains it: following it would never end. */
function isLoop(path: string): boolean {
  if (!lstatSync(path).isSymbolicLink()) return false;
  return `${realpathSync(dirname(path))}/`.startsWith(`${realpathSync(path)}/`);
}
