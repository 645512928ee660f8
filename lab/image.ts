import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { run } from './exec.ts';
import {
  type BuiltImage,
  buildImage,
  CONFIG_FILE,
  dockerfileOf,
  ROOT_FOLDER,
} from './image-build.ts';
import { withLock } from './lock.ts';

const PROJECT = join(import.meta.dirname, '..');
/** What images are built from besides this project, by the argument that names it: a command that makes an archive. */
const BASE = { BASE: join(PROJECT, '.ci', 'image-base') };
const OPERATOR = { OPERATOR: join(PROJECT, '.ci', 'operator-image') };
/** So many builds of each image stay: of this checkout, and of another that may run beside it. */
const BUILDS_KEPT = 2;

interface Recipe {
  readonly sources: Readonly<Record<string, string>>;
  /** Images that begin alike are built in one place, so that the second one finds the layers of the first. */
  readonly workshop: string;
}

const RECIPES = {
  controller: { sources: BASE, workshop: 'controller' },
  node: { sources: BASE, workshop: 'node' },
  'shell-operator': { sources: { ...BASE, ...OPERATOR }, workshop: 'controller' },
} as const satisfies Readonly<Record<string, Recipe>>;

export type ImageName = keyof typeof RECIPES;
export const IMAGE_NAMES = Object.keys(RECIPES) as readonly ImageName[];

export interface ImageRootFilesystem extends BuiltImage {
  /** Folder that all who run the image share: mount it read-only. */
  readonly root: string;
}

const images = new Map<ImageName, Promise<ImageRootFilesystem>>();

/** As `findOrBuildImage`, which is asked once in a process: all its Pods run the same build. */
export function imageRootFilesystem(name: ImageName): Promise<ImageRootFilesystem> {
  const known = images.get(name);
  if (known !== undefined) return known;
  const image = findOrBuildImage(name);
  images.set(name, image);
  image.catch(() => images.delete(name));
  return image;
}

/**
 * Builds an image, unless one of the same sources is in the cache, and lays out its files as a container would see them.
 * Needs root and what `.ci/packages images` installs.
 */
export async function findOrBuildImage(name: ImageName): Promise<ImageRootFilesystem> {
  const { sources, workshop } = RECIPES[name];
  const archives = await archivesOf(sources);
  const paths = Object.values(archives);
  const cache = dirname(paths[0] ?? '');
  const folder = join(cache, `image-${name}-${hashOf(paths, inputsOf(name))}`);
  await mkdir(cache, { recursive: true });
  return withLock(join(cache, `image-${workshop}.lock`), async () => {
    if (!existsSync(folder)) {
      for (const command of Object.values(sources)) await run([command]);
      const workFolder = join(cache, `image-build-${workshop}`);
      await buildImage({ name, project: PROJECT, images: archives, workFolder, target: folder });
    }
    const now = new Date();
    utimesSync(folder, now, now);
    removeOlder(cache, `image-${name}-`);
    const built = JSON.parse(await readFile(join(folder, CONFIG_FILE), 'utf8')) as BuiltImage;
    return { ...built, root: join(folder, ROOT_FOLDER) };
  });
}

/** Where the archives are, or will be once they are made. */
async function archivesOf(sources: Recipe['sources']): Promise<Record<string, string>> {
  const entries = Object.entries(sources).map(async ([argument, command]) => {
    return [argument, (await run([command, '--path'])).trim()];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** The build context is what .dockerignore lets in, so that alone changes an image; and how it is built. */
function inputsOf(name: ImageName): string[] {
  const ignoreFile = join(PROJECT, '.dockerignore');
  const context = readFileSync(ignoreFile, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .flatMap((line) => filesUnder(join(PROJECT, line.slice(1))));
  const builder = join(import.meta.dirname, 'image-build.ts');
  return [ignoreFile, join(PROJECT, dockerfileOf(name)), builder, ...context.sort()];
}

function filesUnder(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** @param archives whose names hold the hashes of their own recipes */
function hashOf(archives: readonly string[], files: readonly string[]): string {
  const hash = createHash('sha256').update(archives.join('\0'));
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`\0${relative(PROJECT, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

function removeOlder(cache: string, prefix: string): void {
  const builds = readdirSync(cache)
    .filter((entry) => entry.startsWith(prefix))
    .map((entry) => join(cache, entry))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const old of builds.slice(BUILDS_KEPT)) rmSync(old, { recursive: true });
}
