import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/**
 * Writes files so that a reader sees the old content or the new, never half of it. Each writer of a directory has a
 * name of its own, so that no two use one temporary file and a crash leaves at most one behind.
 */
export class AtomicFiles {
  readonly #temporary: string;

  constructor(temporaryDirectory: string, writer: string) {
    this.#temporary = join(temporaryDirectory, writer);
  }

  write(path: string, text: string): void {
    writeFileSync(this.#temporary, text);
    try {
      renameSync(this.#temporary, path);
    } catch (error) {
      if (!isMissing(error)) throw error;
      makeBelow(dirname(dirname(this.#temporary)), dirname(path));
      renameSync(this.#temporary, path);
    }
  }

  /** Removes the file if it is there. */
  remove(path: string): void {
    rmSync(path, { force: true });
  }
}

/**
 * Makes what is missing of a directory below `root`, and never `root` itself: one that was moved away or unmounted must
 * not be there again, empty.
 *
 * @throws what the system throws
 */
export function makeBelow(root: string, directory: string): void {
  let path = root;
  const below = relative(root, directory).split(sep);
  for (const name of below.filter((part) => part !== '')) {
    path = join(path, name);
    try {
      mkdirSync(path);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
}

/**
 * The file's text; undefined when there is no such file.
 *
 * @throws when it has more than `maximumBytes`, and what the system throws
 */
export function readIfThere(path: string, maximumBytes?: number): string | undefined {
  try {
    if (maximumBytes !== undefined) refuseLarger(path, maximumBytes);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function refuseLarger(path: string, maximumBytes: number): void {
  const { size } = statSync(path);
  if (size > maximumBytes)
    throw new Error(`it has ${size} bytes: expected at most ${maximumBytes}`);
}

/** The error says that a file or directory is not there. */
export function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';
}

/** The system's error code, e.g. `EACCES`. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
