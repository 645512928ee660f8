import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, tryRun, until } from './exec.ts';
import { isAlive, signal } from './processes.ts';

const LAB_NAME = /^mlb-(\d+)-[0-9a-f]{4}(?:-|$)/;

/** Unique on this machine; holds its owner's pid, so that a later lab can tell a leftover from a neighbour. */
export function newLabName(): string {
  return `mlb-${process.pid}-${randomBytes(2).toString('hex')}`;
}

/** Network namespaces of all labs on this machine whose name starts with `prefix`. */
export async function listNamespaces(prefix = 'mlb-'): Promise<string[]> {
  const lines = (await run(['ip', 'netns', 'list'])).split('\n');
  const names = lines.map((line) => line.split(' ')[0] ?? '');
  return names.filter((name) => LAB_NAME.test(name) && name.startsWith(prefix));
}

/**
 * Ends what runs in the namespaces, then deletes them; interfaces and their peers go with them. All programs end
 * before the first interface goes: npm `cap` aborts with noise when its interface disappears.
 */
export async function deleteNamespaces(names: readonly string[]): Promise<void> {
  for (const name of names) {
    await until({ what: `quiet in ${name}`, deadlineMs: 5_000 }, async () => {
      const { stdout } = await tryRun(['ip', 'netns', 'pids', name]);
      const pids = stdout.split('\n').filter(Boolean).map(Number).filter(isAlive);
      for (const pid of pids) signal(pid, 'SIGKILL');
      return pids.length === 0;
    });
  }
  for (const name of names) await tryRun(['ip', 'netns', 'delete', name]);
}

/** Deletes what labs left behind whose owner was killed before it could clean up: namespaces and files. */
export async function sweepLeftovers(): Promise<void> {
  await deleteNamespaces((await listNamespaces()).filter(isLeftover));
  for (const name of (await readdir(tmpdir())).filter(isLeftover)) {
    await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function isLeftover(name: string): boolean {
  const owner = Number(LAB_NAME.exec(name)?.[1] ?? process.pid);
  return owner !== process.pid && !isAlive(owner);
}
