import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from './lab.ts';
import { programUser } from './program-user.ts';

const DISK_BYTES = 256 * 1_024;
const FILLER = 'filler';

/** Where the programs of a node keep what outlives them. */
export function runDirectoryOf(labDirectory: string, node: string): string {
  return join(labDirectory, `run-${node}`);
}

/** A command whose run directory is a small disk, of its own mount namespace: it goes with the process. */
export function onSmallDisk(runDirectory: string): string[] {
  const options = `size=${DISK_BYTES},mode=755,uid=${programUser()}`;
  return ['sh', '-c', `mount -t tmpfs -o ${options} tmpfs "$0" && exec "$@"`, runDirectory];
}

/** Leaves no byte free on a node's small disk. */
export async function fillDisk(lab: Lab, node: string): Promise<void> {
  const failed = await writeFile(fillerOf(lab, node), Buffer.alloc(DISK_BYTES)).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failed instanceof Error && 'code' in failed && failed.code === 'ENOSPC')) {
    throw new Error(`the disk of ${node} is not full`, { cause: failed });
  }
}

/** Makes room on it again. */
export async function emptyDisk(lab: Lab, node: string): Promise<void> {
  await rm(fillerOf(lab, node));
}

function fillerOf(lab: Lab, node: string): string {
  const { pid } = lab.program(node);
  return join(`/proc/${pid}/root`, runDirectoryOf(lab.directory, node), FILLER);
}
