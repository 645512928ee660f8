import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatRange, type IpRange, parseRange } from '../net/range.ts';

/** Pools that this host announces on one interface. */
export interface ServedPools {
  readonly interface: string;
  readonly pools: readonly IpRange[];
}

/** As people read it, and as it is written. */
export interface ShownPools {
  readonly interface: string;
  readonly pools: readonly string[];
}

const FILE = 'served-pools.json';

export function shownPools(served: readonly ServedPools[]): ShownPools[] {
  return served.map((one) => ({ interface: one.interface, pools: one.pools.map(formatRange) }));
}

/** The inverse; what is not understood is left out. */
export function parseServedPools(value: unknown): ServedPools[] {
  return list(value).flatMap((entry): ServedPools[] => {
    if (typeof entry !== 'object' || entry === null) return [];
    const { interface: name, pools } = entry as Readonly<Record<string, unknown>>;
    if (typeof name !== 'string') return [];
    const ranges = list(pools).map((pool) => parseRange(typeof pool === 'string' ? pool : ''));
    return [{ interface: name, pools: ranges.filter((range) => typeof range !== 'string') }];
  });
}

/**
 * Tells the loop guard of this host: by a file, as whoever reads it changes the kernel's rules, and a port could be
 * another's while the speaker is away. @throws what the file system says
 */
export function writeServedPools(runDir: string, served: readonly ServedPools[]): void {
  const path = join(runDir, FILE);
  writeFileSync(`${path}.new`, `${JSON.stringify(shownPools(served))}\n`);
  renameSync(`${path}.new`, path);
}

/** Says nothing any more: a speaker that comes later may be of another installation. @throws what the file system says */
export function withdrawServedPools(runDir: string): void {
  rmSync(join(runDir, FILE), { force: true });
}

/** Undefined while no speaker says anything. @throws what the file system says, SyntaxError */
export function readServedPools(runDir: string): ServedPools[] | undefined {
  const path = join(runDir, FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return parseServedPools(JSON.parse(text));
  } catch (error) {
    throw new SyntaxError(`${path} is no JSON: ${String(error)}`, { cause: error });
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
