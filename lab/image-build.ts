import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, tryRun } from './exec.ts';

/** Files of a built image. */
export const ROOT_FOLDER = 'root';
export const CONFIG_FILE = 'config.json';

/** What a container runtime takes from an image's configuration. */
export interface BuiltImage {
  /** With the arguments that the image adds. */
  readonly entrypoint: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** `UID:GID` */
  readonly user: string;
  readonly workingDirectory: string;
  readonly labels: Readonly<Record<string, string>>;
  /** How long the build took, without its base image. */
  readonly buildMs: number;
}

export interface ImageBuild {
  readonly name: string;
  /** Its root is the build context. */
  readonly project: string;
  /** Archives of the images that are passed as arguments, such as BASE. */
  readonly images: Readonly<Record<string, string>>;
  /** Used by one build at a time. Layers and packages stay there for the next build. */
  readonly workFolder: string;
  /** Folder that appears with the result once all is done. */
  readonly target: string;
}

/** A storage driver of buildah: with `overlay` a build begins where the one before it differs; not every kernel lets us. */
type Driver = 'overlay' | 'vfs';

/** Layers, and in $TMPDIR what `RUN --mount=type=cache` names. */
const KEPT: readonly string[] = ['overlay', 'buildah-cache'];
/** Of layers; old ones gather. */
const MAX_KEPT_MIB = 4_096;
/** Mounts are seen by nobody else, and go with the process. */
const LAY_OUT = `folder=$1 name=$2; shift 2
container=$("$@" from --pull-never "$name") && root=$("$@" mount "$container") && cp --archive "$root" "$folder" &&
"$@" rm "$container"`;
const BUILD_LIMIT_SECONDS = 1200;
const LOG_LINES_SHOWN = 20;

export function dockerfileOf(name: string): string {
  return join('modules', 'metallb', 'images', name, 'Dockerfile');
}

/** Builds an image from its Dockerfile. @throws with the last lines of the build's log */
export async function buildImage(build: ImageBuild): Promise<void> {
  const { name, workFolder, target } = build;
  const startedAt = performance.now();
  await clear(workFolder);
  const apart = inNamespaces(workFolder);
  const driver = await bestDriver(workFolder);
  const buildah = buildahIn(workFolder, driver);
  // What a build left that was killed.
  await run([...apart, ...buildah, 'rm', '--all']);
  await bud([...apart, ...buildah], driver, build);
  const inspected = await run([...apart, ...buildah, 'inspect', '--type', 'image', name]);
  const result = join(workFolder, 'result');
  await mkdir(result);
  const folder = join(result, ROOT_FOLDER);
  await run([...apart, 'sh', '-c', LAY_OUT, 'sh', folder, name, ...buildah]);
  const config = configOf(inspected, performance.now() - startedAt);
  await writeFile(join(result, CONFIG_FILE), JSON.stringify(config, undefined, 2));
  await rename(result, target);
  await clear(workFolder);
}

/** What a build runs ends with the build, and the build ends with this process: the next one clears the work folder. */
function inNamespaces(workFolder: string): string[] {
  return [
    ...['setpriv', '--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child'],
    ...['--mount-proc', 'timeout', '--kill-after=10', `${BUILD_LIMIT_SECONDS}`],
    ...['env', `TMPDIR=${workFolder}`, 'BUILDAH_ISOLATION=chroot'],
  ];
}

/** No daemon, no registry. */
function buildahIn(workFolder: string, driver: Driver): string[] {
  const storage = ['--root', join(workFolder, driver), '--runroot', join(workFolder, 'run')];
  // The variable STORAGE_DRIVER is not heard where --root is given.
  return ['buildah', ...storage, '--storage-driver', driver];
}

async function bestDriver(workFolder: string): Promise<Driver> {
  const overlay = buildahIn(workFolder, 'overlay');
  const { code } = await tryRun([...inNamespaces(workFolder), ...overlay, 'info']);
  return code === 0 ? 'overlay' : 'vfs';
}

async function bud(buildah: readonly string[], driver: Driver, build: ImageBuild): Promise<void> {
  const { name, project, images, workFolder } = build;
  const args = Object.entries(images).flatMap(([argument, archive]) => [
    '--build-arg',
    `${argument}=docker-archive:${archive}`,
  ]);
  const command = [
    ...[...buildah, 'bud', `--layers=${driver === 'overlay'}`, '--pull-never', '--timestamp=0'],
    ...[...args, ...(await registrySecrets(workFolder))],
    ...['--file', join(project, dockerfileOf(name)), '--tag', name, project],
  ];
  const { code, stdout, stderr } = await tryRun(command);
  if (code === 0) return;
  const lines = `${stdout}\n${stderr}`.trim().split('\n').slice(-LOG_LINES_SHOWN);
  throw new Error(`building the image ${name}: exit code ${code}:\n${lines.join('\n')}`);
}

/** Inside, npm asks the registry that npm asks here, and trusts whom it trusts here. */
async function registrySecrets(workFolder: string): Promise<string[]> {
  const configured = async (key: string) => (await run(['npm', 'config', 'get', key])).trim();
  const npmrc = join(workFolder, 'npmrc');
  const secrets = ['--secret', `id=npmrc,src=${npmrc}`];
  const lines = [`registry=${await configured('registry')}`];
  const authorities = await configured('cafile');
  if (existsSync(authorities)) {
    // Not in the line itself: npm hands its settings to install scripts, and an environment has a limit.
    lines.push('cafile=/run/secrets/npm-ca');
    secrets.push('--secret', `id=npm-ca,src=${authorities}`);
  }
  await writeFile(npmrc, `${lines.join('\n')}\n`);
  return secrets;
}

/** @param inspected what `buildah inspect` prints: an image's configuration as of the OCI image specification */
function configOf(inspected: string, buildMs: number): BuiltImage {
  const { OCIv1 } = JSON.parse(inspected) as {
    OCIv1: {
      config: {
        Entrypoint?: string[];
        Cmd?: string[];
        Env?: string[];
        User?: string;
        WorkingDir?: string;
        Labels?: Record<string, string>;
      };
    };
  };
  const { Entrypoint = [], Cmd = [], Env = [], User, WorkingDir, Labels = {} } = OCIv1.config;
  return {
    entrypoint: [...Entrypoint, ...Cmd],
    env: Object.fromEntries(Env.map((entry) => pairOf(entry))),
    user: User || '0:0',
    workingDirectory: WorkingDir || '/',
    labels: Labels,
    buildMs: Math.round(buildMs),
  };
}

function pairOf(entry: string): [string, string] {
  const equals = entry.indexOf('=');
  return [entry.slice(0, equals), entry.slice(equals + 1)];
}

async function clear(workFolder: string): Promise<void> {
  await mkdir(workFolder, { recursive: true });
  const used = await run(['du', '--summarize', '--block-size=1M', workFolder]);
  const kept = Number.parseInt(used, 10) < MAX_KEPT_MIB ? KEPT : [];
  for (const entry of await readdir(workFolder)) {
    if (!kept.includes(entry)) await rm(join(workFolder, entry), { recursive: true, force: true });
  }
}
