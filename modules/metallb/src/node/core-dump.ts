import { writeFileSync } from 'node:fs';

/** Of this process, its children and theirs (proc(5)). */
const FILTER = '/proc/self/coredump_filter';

/**
 * A process that crashes leaves no memory behind: it holds the heartbeat keys, and while a kernel writes it to a disk or a
 * crash handler, half a second and more, the process does not end and no other takes its place.
 */
export function leaveMemoryOutOfCoreDumps(): void {
  try {
    writeFileSync(FILTER, '0');
  } catch {
    // A kernel without core dumps has no such file; one that refuses to let this process write it dumps none either.
  }
}
