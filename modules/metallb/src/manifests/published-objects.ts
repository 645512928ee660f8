import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubernetesObject } from '../api/object.ts';
import { isKind } from '../store/kinds.ts';
import type { Kind } from '../store/store.ts';
import { type AtomicFiles, readIfThere } from './atomic-file.ts';
import { objectFile, type StateLayout } from './layout.ts';

/** What the controller has added to a user's object, and where that comes from. */
export interface Origin {
  /** The user's file, relative to the directory. */
  readonly file: string;
  /** Labels that the controller has set, or removed (null). */
  readonly labels: Readonly<Record<string, string | null>>;
  /** Likewise; none in files of older versions. */
  readonly annotations?: Readonly<Record<string, string | null>>;
  /** The controller has written the status; what the file says of it no longer counts. */
  readonly ownsStatus: boolean;
}

/** An object as its file in the state directory has it. One without `origin` belongs to the controller. */
export interface BaseObject extends KubernetesObject {
  readonly kind: Kind;
  readonly origin?: Origin;
}

/** Reads an object from its file's text; undefined when it is not one. */
export function parseObjectFile(text: string): BaseObject | undefined {
  try {
    const value = JSON.parse(text) as Partial<BaseObject> | null;
    const isObject =
      typeof value?.metadata?.uid === 'string' &&
      typeof value.metadata.name === 'string' &&
      parseRevision(value.metadata.resourceVersion) !== undefined &&
      typeof value.kind === 'string' &&
      isKind(value.kind);
    return isObject ? (value as BaseObject) : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined for what is no version: versions are compared, and with one that is no number nothing would be newer. */
export function parseRevision(text: unknown): number | undefined {
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The controller's objects on disk, each in a file of its own, and the counter that gives versions. */
export class PublishedObjects {
  readonly #layout: StateLayout;
  readonly #files: AtomicFiles;

  constructor(layout: StateLayout, files: AtomicFiles) {
    this.#layout = layout;
    this.#files = files;
  }

  /** @param onDamaged told of each file that is none of ours, or was cut short by a power failure */
  readAll(onDamaged: (path: string) => void): BaseObject[] {
    return filesBelow(this.#layout.objects).flatMap((path) => {
      const object = parseObjectFile(readFileSync(path, 'utf8'));
      if (object !== undefined) return [object];
      onDamaged(path);
      return [];
    });
  }

  write(object: KubernetesObject): void {
    // JSON is YAML, and read twenty times faster.
    this.#files.write(
      objectFile(this.#layout, object),
      `${JSON.stringify(object, undefined, 2)}\n`,
    );
  }

  remove(object: KubernetesObject): void {
    this.#files.remove(objectFile(this.#layout, object));
  }

  /** After the objects of that version, so that who reads it can find them. */
  writeRevision(revision: number): void {
    this.#files.write(this.#layout.revision, `${revision}\n`);
  }
}

/** The counter; 0 before the controller's first write, and where it is damaged: the objects tell theirs. */
export function readRevision(layout: StateLayout): number {
  return parseRevision(readIfThere(layout.revision)?.trim()) ?? 0;
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
