import { readdirSync, readFileSync } from 'node:fs';

/**
 * Children, grandchildren and so on, parents before children, and the older of two children first. Of that a pid tells
 * nothing: where many processes begin and end, numbers soon start over.
 */
export function descendantsOf(pid: number): number[] {
  const childrenByParent = new Map<number, number[]>();
  for (const { child, parent } of processes().toSorted((a, b) => a.startTicks - b.startTicks)) {
    childrenByParent.set(parent, [...(childrenByParent.get(parent) ?? []), child]);
  }
  const found: number[] = [];
  const queue = [pid];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const children = childrenByParent.get(next) ?? [];
    found.push(...children);
    queue.push(...children);
  }
  return found;
}

function processes(): { child: number; parent: number; startTicks: number }[] {
  return readdirSync('/proc').flatMap((entry) => {
    const child = Number(entry);
    const fields = Number.isInteger(child) ? statOf(child) : [];
    // proc(5): fields 4 and 22.
    const [parent, startTicks] = [Number(fields[1]), Number(fields[19])];
    return fields.length === 0 ? [] : [{ child, parent, startTicks }];
  });
}

/** What proc(5) has from field 3 on; nothing of a process that is gone. */
function statOf(pid: number): string[] {
  const stat = readProc(pid, 'stat');
  // The command in parentheses may hold spaces and parentheses itself.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
}

export function isAlive(pid: number): boolean {
  const stat = readProc(pid, 'stat');
  return stat !== undefined && !/\) [ZX] /.test(stat);
}

/** Empty when the process is gone. */
export function commandLineOf(pid: number): string {
  return (readProc(pid, 'cmdline') ?? '').split('\0').join(' ').trim();
}

/** Proportional set size of one process in KiB, shared pages divided among their users. */
export function pssKibOf(pid: number): number {
  const line = /^Pss:\s+(\d+) kB/m.exec(readProc(pid, 'smaps_rollup') ?? '');
  return Number(line?.[1] ?? 0);
}

/** CPU time of one process since it started, all threads, user and kernel. */
export function cpuSecondsOf(pid: number): number {
  const fields = statOf(pid);
  // proc(5): utime and stime are fields 14 and 15; Linux tells them in hundredths on every architecture.
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined; // ended in the meantime
  }
}

/** Sends a signal; a process that is already gone is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
