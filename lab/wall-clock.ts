import { readdirSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { delay } from './exec.ts';
import type { Lab } from './lab.ts';

/** libfaketime reads its file again after this time. */
const READ_EVERY_SECONDS = 1;
const LIBRARIES = '/usr/lib';

/** libfaketime leaves shared memory behind when its process is killed: this mount goes with the process. */
export const OWN_SHARED_MEMORY = ['sh', '-c', 'mount -t tmpfs tmpfs /dev/shm && exec "$@"', 'sh'];

/** A command for programs whose wall clock is set by a file: of these programs alone, never of the machine. */
export function withOwnClock(directory: string, node: string): string[] {
  return [
    'env',
    `LD_PRELOAD=${libraryPath()}`,
    `FAKETIME_TIMESTAMP_FILE=${clockFile(directory, node)}`,
    `FAKETIME_CACHE_DURATION=${READ_EVERY_SECONDS}`,
    'FAKETIME_DONT_FAKE_MONOTONIC=1', // nobody sets a monotonic clock
  ];
}

/** The wall clock of a node's programs jumps. @param offset as libfaketime has it, e.g. `+1h`, of the machine's clock */
export async function setWallClock(lab: Lab, node: string, offset: string): Promise<void> {
  const file = clockFile(lab.directory, node);
  await writeFile(`${file}.new`, `${offset}\n`);
  await rename(`${file}.new`, file);
  await delay(1_000 * READ_EVERY_SECONDS);
}

function clockFile(directory: string, node: string): string {
  return join(directory, `clock-of-${node}`);
}

/** Debian has it below the machine's architecture. @throws when it is not installed */
function libraryPath(): string {
  const found = readdirSync(LIBRARIES)
    .map((name) => join(LIBRARIES, name, 'faketime'))
    .flatMap((path) => readFaketime(path));
  if (found[0] === undefined) throw new Error('no libfaketime: run `make lab-packages`');
  return found[0];
}

function readFaketime(path: string): string[] {
  try {
    return readdirSync(path)
      .filter((name) => name.startsWith('libfaketimeMT.so'))
      .map((name) => join(path, name));
  } catch {
    return [];
  }
}
