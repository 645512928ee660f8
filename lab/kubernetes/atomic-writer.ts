import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** One file of a volume. */
export interface VolumeFile {
  readonly content: string | Buffer;
  readonly mode: number;
  /** Whom it belongs to; root when nobody is named. */
  readonly user?: number | undefined;
}

/** By their paths in the volume. */
export type VolumeFiles = ReadonlyMap<string, VolumeFile>;

const DATA = '..data';
const ROOT = 0;

/**
 * Writes the files of a volume as a kubelet does (its AtomicWriter): into a new folder, named by the time, to which the link
 * `..data` leads from one moment to the next; what users read are links through that one. So nobody reads half of a change,
 * and whoever has opened or mounted a file itself (`subPath`) goes on reading the old one.
 */
export async function writeAtomically(directory: string, files: VolumeFiles): Promise<void> {
  const before = await readdir(directory);
  const folder = await mkdtemp(join(directory, timestamp(new Date())));
  await chmod(folder, 0o755);
  for (const [path, file] of files) await writeVolumeFile(join(folder, path), file);
  await symlink(basename(folder), join(directory, `${DATA}_tmp`));
  await rename(join(directory, `${DATA}_tmp`), join(directory, DATA));
  const names = new Set([...files.keys()].map((path) => path.split('/')[0] ?? ''));
  for (const name of names) {
    if (!before.includes(name)) await symlink(join(DATA, name), join(directory, name));
  }
  const gone = before.filter((name) => name !== DATA && !names.has(name));
  for (const name of gone) await rm(join(directory, name), { recursive: true });
}

async function writeVolumeFile(path: string, { content, mode, user = ROOT }: VolumeFile) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  await chmod(path, mode);
  if (user !== ROOT) await chown(path, user, ROOT);
}

/** What such a folder's name begins with: `..2026_11_22_16_43_21.`. */
function timestamp(date: Date): string {
  return `..${date.toISOString().slice(0, 19).replaceAll(/[-T:]/g, '_')}.`;
}
