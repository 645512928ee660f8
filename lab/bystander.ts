import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

const NICENESS = 5;

/**
 * What measures the nodes, or runs on another machine than they do in a cluster, must not take the processor from them.
 * A kernel that groups processes by session compares niceness only within a group, and gives the group one of its own.
 */
export function standBack({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  setPriority(pid, NICENESS);
  try {
    writeFileSync(`/proc/${pid}/autogroup`, `${NICENESS}`);
  } catch {
    // This kernel has no such groups, or a namespace may not change them.
  }
}
