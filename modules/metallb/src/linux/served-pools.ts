import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatRange, type IpRange, parseRange } from '../net/range.ts';

/** By ARP and NDP, or to routers. */
const PROTOCOLS = ['layer2', 'bgp'] as const;
type Protocol = (typeof PROTOCOLS)[number];

/** Pools of which this host announces IPs, and the interface by which packets for them come in. */
export interface ServedPools {
  readonly interface: string;
  readonly protocol: Protocol;
  readonly pools: readonly IpRange[];
}

/** As people read it, and as it is written. */
export interface ShownPools {
  readonly interface: string;
  readonly protocol: Protocol;
  readonly pools: readonly string[];
}

const FILE = 'served-pools.json';

export function shownPools(served: readonly ServedPools[]): ShownPools[] {
  return served.map((one) => ({ ...one, pools: one.pools.map(formatRange) }));
}

/** The inverse; what is not understood is left out. */
export function parseServedPools(value: unknown): ServedPools[] {
  return list(value).flatMap((entry): ServedPools[] => {
    if (typeof entry !== 'object' || entry === null) return [];
    // An earlier version named no protocol, as it had one only.
    const {
      interface: name,
      protocol = 'layer2',
      pools,
    } = entry as Readonly<Record<string, unknown>>;
    const known = PROTOCOLS.find((one) => one === protocol);
    if (typeof name !== 'string' || known === undefined) return [];
    const ranges = list(pools).map((pool) => parseRange(typeof pool === 'string' ? pool : ''));
    const readable = ranges.filter((range) => typeof range !== 'string');
    return [{ interface: name, protocol: known, pools: readable }];
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
