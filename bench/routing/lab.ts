import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAgents } from '../../lab/agent.ts';
import { deleteNamespaces, newLabName, sweepLeftovers } from '../../lab/namespaces.ts';
import { layCable, type Place } from './place.ts';

export interface RoutingLab {
  readonly place: Place;
  /** The lab's own programs are in it; what else is in it is the bench's. */
  readonly directory: string;
}

/** A speaker's host and a router's, for as long as the bench plays. Root. */
export async function inRoutingLab(play: (lab: RoutingLab) => Promise<void>): Promise<void> {
  await sweepLeftovers();
  const name = newLabName();
  const directory = await mkdtemp(join(tmpdir(), `${name}-`));
  try {
    // FRR runs as its own user.
    await chmod(directory, 0o711);
    buildAgents(directory);
    await play({ place: await layCable(name), directory });
  } finally {
    await deleteNamespaces([`${name}-speaker`, `${name}-router`]);
    await rm(directory, { recursive: true });
  }
}

/** Each is the first once: what a router does after the one before is nobody's burden alone. */
export function inTurn<T>(all: readonly T[], round: number): T[] {
  const first = round % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}

export function print(result: object): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
