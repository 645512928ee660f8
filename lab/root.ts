import { spawnSync } from 'node:child_process';

const ALREADY_INSIDE = 'LAB_IN_USER_NAMESPACE';
const UNSHARE = [
  '--user',
  '--map-root-user',
  '--net',
  '--mount',
  '--pid',
  '--fork',
  '--mount-proc',
];

/**
 * The lab makes network namespaces, which takes root. Without it, this runs the same command once more as root of a
 * user namespace of its own, and ends with that one's exit code.
 */
export function becomeRoot(): void {
  if (process.getuid?.() === 0) return;
  const tell = (text: string) => process.stderr.write(`${text}\n`);
  if (process.env[ALREADY_INSIDE] !== undefined || !canUnshare()) {
    tell(
      'The lab needs root: it makes network namespaces. Run it with sudo, or allow user namespaces.',
    );
    process.exit(77);
  }
  tell('Not root: going on in a user and network namespace of its own.');
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  // `ip netns` keeps its names in /run, which is not ours outside.
  const prepared = ['sh', '-c', 'mount -t tmpfs tmpfs /run && exec "$@"', 'sh', ...again];
  const { status } = spawnSync('unshare', [...UNSHARE, ...prepared], {
    stdio: 'inherit',
    env: { ...process.env, [ALREADY_INSIDE]: '1' },
  });
  process.exit(status ?? 1);
}

function canUnshare(): boolean {
  return spawnSync('unshare', [...UNSHARE, 'true']).status === 0;
}
