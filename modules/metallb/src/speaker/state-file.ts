import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '../telemetry/logger.ts';
import { type Installation, isSameInstallation } from './installation.ts';
import {
  formatLastKnownGood,
  type LastKnownGood,
  parseLastKnownGood,
  UnusableStateError,
  type WritableState,
} from './last-known-good.ts';

const MAX_BYTES = 256 * 1_024 * 1_024;

/**
 * What a speaker of this node and installation left; undefined when there is none to go by. A file that can't be understood,
 * or that an earlier installation left, is set aside under another name, for people to look at: the next write would cover
 * what is wrong.
 */
export async function recallLastKnownGood(
  path: string,
  { node, installation }: { readonly node: string; readonly installation: Installation },
  log: Logger,
): Promise<LastKnownGood | undefined> {
  try {
    const state = await readLastKnownGood(path);
    if (state === undefined) return undefined;
    if (state.node !== node) {
      log.warn('last-known-good state is of another node', { path, writtenBy: state.node });
    } else if (isSameInstallation(state.installation, installation)) {
      return state;
    } else {
      const writtenBy = state.installation;
      const told = { writtenBy, now: installation, setAsideAs: await setAside(path, log) };
      log.warn('last-known-good state is of another installation, starting without it', told);
    }
  } catch (error) {
    const setAsideAs = error instanceof UnusableStateError ? await setAside(path, log) : undefined;
    log.warn('last-known-good state is not usable, starting without it', { error, setAsideAs });
  }
  return undefined;
}

/** @returns undefined when there is no file. @throws UnusableStateError, or what the file system says */
export async function readLastKnownGood(path: string): Promise<LastKnownGood | undefined> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw new UnusableStateError(`${path} is larger than ${MAX_BYTES} bytes`);
    return parseLastKnownGood(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Replaces the file at once: a reader sees the old state or the new one, also after a power cut.
 * @throws what the file system says; the old file is there then, and nothing else
 */
export async function writeLastKnownGood(path: string, state: WritableState): Promise<void> {
  const beside = `${path}.new`;
  try {
    // Its content must be on the disk before its name is: else the name may lead to an empty file.
    await writeFile(beside, formatLastKnownGood(state), { flush: true });
    await rename(beside, path);
  } catch (error) {
    // Half a file takes room that others need; one that can't be removed is written over the next time.
    await rm(beside, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** @returns the other name; undefined when it could not be given */
async function setAside(path: string, log: Logger): Promise<string | undefined> {
  const aside = `${path}.unusable`;
  try {
    await rename(path, aside);
    return aside;
  } catch (error) {
    log.warn("can't set a file aside", { path, error });
    return undefined;
  }
}
