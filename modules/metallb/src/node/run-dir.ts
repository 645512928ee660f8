import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Makes the run directory and takes it for this node program, for as long as it lives: two on one directory would take
 * the sockets between its programs away from each other, and each would get the other's duties.
 * @returns a sentence when it can't be had
 */
export function claimRunDir(path: string, pid = process.pid): string | undefined {
  const file = join(path, 'node.pid');
  try {
    mkdirSync(path, { recursive: true });
    const holder = liveHolder(file);
    if (holder !== undefined && holder !== pid) {
      return `another node program (pid ${holder}) works in ${path}: give each one its own`;
    }
    writeFileSync(`${file}.new`, `${pid} ${startTimeOf(pid)}\n`);
    renameSync(`${file}.new`, file);
  } catch (error) {
    return `can't work in ${path}: ${error instanceof Error ? error.message : String(error)}`;
  }
  return undefined;
}

/** The process that took the directory, unless it has ended since. */
function liveHolder(file: string): number | undefined {
  const [, pid, startTime] = /^(\d+) (\d+)$/.exec(readIfThere(file)?.trim() ?? '') ?? [];
  return startTime !== undefined && startTimeOf(Number(pid)) === startTime
    ? Number(pid)
    : undefined;
}

/** Tells a process from a later one with its pid: field 22 of proc(5) stat, in clock ticks since boot. */
function startTimeOf(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  // The name in field 2 may hold spaces and parentheses.
  const [state, ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  return state === 'Z' ? undefined : fields[18];
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
