import { readFileSync } from 'node:fs';

/** Linux's PF_EXITING. */
const EXITING = 0x4;

/**
 * Whether the process runs no more, although it may take seconds until it has exited: the kernel first closes what it had
 * open, one packet socket after the other. Of what can't be read nothing is said: who is gone tells so by its exit, and one
 * that may not be looked at is not started anew at every look.
 */
export function isExiting(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5): flags are field 9; the second one, in parentheses, may hold spaces and parentheses itself.
    const flags = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[6];
    return (Number(flags) & EXITING) !== 0;
  } catch {
    return false;
  }
}
