import { spawn } from 'node:child_process';
import { once } from 'node:events';

export type LockMode = 'exclusive' | 'shared';

/** One for the whole machine, also for labs that keep their files elsewhere. */
export const MACHINE_LOCK = '/tmp/metallb-lab.lock';
/**
 * Whoever waits for the lock holds the turn: who shares it comes after who waits to have it alone, and not one after the
 * other for ever. Opened for reading alone: a file may be another user's, and kernels refuse to create what is there.
 */
const HOLD = `for file in "$1" "$1.turn"; do [ -e "$file" ] || : >"$file"; done
exec 9<"$1" 8<"$1.turn" && flock 8 && flock "$2" 9 && exec 8<&- && echo held && exec cat`;

/** Runs work that measures alone on this machine. */
export function withTimedRun<Result>(work: () => Promise<Result>): Promise<Result> {
  return withLock(MACHINE_LOCK, work);
}

/** Runs work alone among all processes that lock the same file, or apart from those that do so. */
export async function withLock<Result>(
  file: string,
  work: () => Promise<Result>,
  mode: LockMode = 'exclusive',
): Promise<Result> {
  const release = await hold(file, mode);
  try {
    return await work();
  } finally {
    await release();
  }
}

/**
 * The lock is held by a process that ends with our end of its pipe, so a crash releases it.
 * @returns how to release it
 */
export async function hold(file: string, mode: LockMode): Promise<() => Promise<void>> {
  const holder = spawn('sh', ['-c', HOLD, 'sh', file, `--${mode}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true, // Ctrl-C goes to the whole group; the lock must outlive the clean-up
  });
  const ended = once(holder, 'exit');
  const isHeld = await Promise.race([
    once(holder.stdout, 'data').then(() => true),
    ended.then(() => false),
  ]);
  if (!isHeld) throw new Error(`can't lock ${file}: make it readable for you, or remove it`);
  return async () => {
    holder.stdin.end();
    await ended;
  };
}
