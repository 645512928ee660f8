import { readFileSync } from 'node:fs';

const NOBODY = 65_534;

/** Who runs the node programs: nobody, or the only user that a user namespace knows. */
export function programUser(): number {
  const mappedUsers = Number(readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/)[2]);
  return mappedUsers > NOBODY ? NOBODY : ownUser();
}

export function ownUser(): number {
  return process.getuid?.() ?? 0;
}
