/** Whom root becomes: `nobody`. */
export const NOBODY = 65_534;

/** Root may read everything, so it steps down. Nothing else runs meanwhile: the work is synchronous up to its first wait. */
export function withoutPrivileges<T>(work: () => T): T {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    return work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}
