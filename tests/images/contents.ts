import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const COMMAND_FOLDERS = ['usr/local/bin', 'usr/bin', 'usr/sbin', 'bin', 'sbin'];

/** @returns which of these commands lie where PATH looks, as paths in the image */
export function commandsIn(root: string, names: readonly string[]): string[] {
  return COMMAND_FOLDERS.flatMap((folder) => names.map((name) => join(folder, name))).filter(
    (path) => existsSync(join(root, path)),
  );
}

/** @returns files below a folder of the image, as paths from that folder; none when there is no such folder */
export function filesIn(root: string, folder: string): string[] {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((file) => statSync(join(path, file)).isFile())
    .sort();
}

/** @returns what a file of the image says; nothing when there is none */
export function textOf(root: string, file: string): string {
  const path = join(root, file);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

const WRITABLE_BY_OTHERS = 0o022;

/** @returns files below a folder of the image that are not root's alone to write */
export function writableIn(root: string, folder: string): string[] {
  return filesIn(root, folder).filter((file) => {
    const { uid, mode } = statSync(join(root, folder, file));
    return uid !== 0 || (mode & WRITABLE_BY_OTHERS) !== 0;
  });
}

const KIBIBYTE = 1024;

/** @returns the size of all files, a hard link counted once for each name */
export function mebibytesIn(root: string, folder = '.'): number {
  const bytes = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
  return Math.round((bytes / KIBIBYTE / KIBIBYTE) * 10) / 10;
}
