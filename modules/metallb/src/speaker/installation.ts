/**
 * What tells an installation of the module from an earlier one that had the same disks. Heartbeat keys outlive restarts,
 * upgrades and three rotations, and no uninstallation.
 */
export interface Installation {
  readonly clusterId: string;
  /** Of the heartbeat keys: hashes that every heartbeat shows. None where the file of keys could not be read. */
  readonly keyIds: readonly string[];
}

/** Whether nothing says that they are two. */
export function isSameInstallation(one: Installation, other: Installation): boolean {
  if (one.clusterId !== other.clusterId) return false;
  const areKnown = one.keyIds.length > 0 && other.keyIds.length > 0;
  return !areKnown || one.keyIds.some((id) => other.keyIds.includes(id));
}
