import { spawnSync } from 'node:child_process';

const ALREADY_INSIDE = 'LAB_IN_USER_NAMESPACE';
/** With all rights but under the same name: tcpdump as root wants to change its groups, which such a root may not. */
const UNSHARE = [
  '--user',
  '--map-current-user',
  '--keep-caps',
  '--net',
  '--mount',
  '--pid',
  '--fork',
  '--mount-proc',
];

/**
 * The lab makes network namespaces, which takes root. Without it, this runs the same command once more with root's
 * rights in a user namespace of its own, and ends with that one's exit code.
 */
export function becomeRoot(): void {
  if (process.getuid?.() === 0 || process.env[ALREADY_INSIDE] !== undefined) return;
  const tell = (text: string) => process.stderr.write(`${text}\n`);
  if (!canUnshare()) {
    tell(
      'The lab needs root: it makes network namespaces. Run it with sudo, or allow user namespaces.',
    );
    process.exit(77);
  }
  tell('Not root: going on in a user and network namespace of its own.');
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  // `ip netns` keeps its names in /run, which is not ours outside. Our files go there too: a process number of this
  // namespace says nothing about the files of labs outside.
  const prepared = ['sh', '-c', 'mount -t tmpfs tmpfs /run && exec "$@"', 'sh', ...again];
  const { status } = spawnSync('unshare', [...UNSHARE, ...prepared], {
    stdio: 'inherit',
    env: { ...process.env, [ALREADY_INSIDE]: '1', TMPDIR: '/run' },
  });
  process.exit(status ?? 1);
}

function canUnshare(): boolean {
  return spawnSync('unshare', [...UNSHARE, 'true']).status === 0;
}
