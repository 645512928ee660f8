import { type CommandResult, tryRun } from '../../lab/exec.ts';
import type { ImageRootFilesystem } from '../../lab/image.ts';

/** Without a network, on files that nobody can write, as the charts' Pods run. */
const SCRIPT = `set -e
root=$1
shift
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
ip link set lo up
exec chroot "$root" "$@"`;

/** More than any command here takes. */
const LIMIT_SECONDS = 60;

/**
 * Runs a command in an image, as its user and with its environment.
 * @param capabilities names as setpriv knows them, e.g. `net_raw`; the process has no others
 */
export function runInImage(
  image: ImageRootFilesystem,
  command: readonly string[],
  capabilities: readonly string[] = [],
): Promise<CommandResult> {
  const [uid = '', gid = uid] = image.user.split(':');
  const bounding = ['-all', ...capabilities.map((name) => `+${name}`)].join(',');
  return tryRun([
    ...['timeout', `${LIMIT_SECONDS}`, 'unshare', '--mount', '--net', '--pid', '--fork'],
    ...['--kill-child', 'sh', '-c', SCRIPT, 'sh', image.root],
    ...['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs'],
    ...[`--bounding-set=${bounding}`, '--inh-caps=-all', '--', 'env', '--ignore-environment'],
    ...[`--chdir=${image.workingDirectory}`, ...variables(image), ...command],
  ]);
}

function variables({ env }: ImageRootFilesystem): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}
