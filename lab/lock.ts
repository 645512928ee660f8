import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LOCK_FILE = join(tmpdir(), 'metallb-lab.lock');

/**
 * Runs timed work alone on this machine: labs may exist side by side, but two that measure would measure each other.
 * The lock is held by a `flock` process that ends with our end of its pipe, so a crash releases it.
 */
export async function withTimedRun<Result>(work: () => Promise<Result>): Promise<Result> {
  const holder = spawn('flock', ['--exclusive', LOCK_FILE, 'sh', '-c', 'echo held; cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true, // Ctrl-C goes to the whole group; the lock must outlive the clean-up
  });
  await once(holder.stdout, 'data');
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await once(holder, 'exit');
  }
}
