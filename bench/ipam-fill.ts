import { Allocator } from '../modules/metallb/src/ipam/allocator.ts';
import type { Claim } from '../modules/metallb/src/ipam/claim.ts';
import { type IpAddress, ipFromBigInt } from '../modules/metallb/src/net/ip.ts';
import { type IpRange, parseRange, rangeSize } from '../modules/metallb/src/net/range.ts';

/**
 * Fills a /16, then measures one change among many. The naive peer walks each pool from its first address, as MetalLB
 * does; its work grows with the square, so the two are compared on a /20.
 */
const LARGE = '10.0.0.0/16';
const SMALL = '10.0.0.0/20';
const CHANGES = 2_000;

function rangeOf(text: string): IpRange {
  const range = parseRange(text);
  if (typeof range === 'string') throw new TypeError(`${text}: ${range}`);
  return range;
}

function claimOf(owner: string): Claim {
  return {
    owner,
    pools: ['pool'],
    poolNamedByOwner: false,
    families: ['IPv4'],
    policy: 'SingleStack',
    requested: [],
    sharing: undefined,
  };
}

function elapsedMs(work: () => void): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

function allocatorOf(ranges: readonly IpRange[], coolDownMs: number): Allocator {
  const allocator = new Allocator({ coolDownMs });
  const pool = { name: 'pool', ranges, autoAssign: true, avoidBuggyIps: false, reassigns: false };
  allocator.setPools([pool]);
  return allocator;
}

function fill(allocator: Allocator, count: number): void {
  for (let index = 0; index < count; index += 1) {
    const { kind } = allocator.assign(claimOf(`default/service-${index}`), 0);
    if (kind === 'refused') throw new Error(`refused ${index} of ${count}`);
  }
}

function fillNaively(range: IpRange): void {
  const users = new Map<IpAddress, string>();
  const count = Number(rangeSize(range));
  for (let index = 0; index < count; index += 1) {
    let value = range.first;
    while (users.has(ipFromBigInt(range.family, value))) value += 1n;
    users.set(ipFromBigInt(range.family, value), `default/service-${index}`);
  }
}

/** One release and one assign among `count`, where every other address is free: the space is in as many pieces as can be. */
function changeMicroseconds(count: number): number {
  const allocator = allocatorOf([rangeOf(LARGE)], 0);
  fill(allocator, 2 * count);
  for (let index = 0; index < 2 * count; index += 2) {
    allocator.release(`default/service-${index}`, 0);
  }
  const change = () => {
    for (let step = 0; step < CHANGES; step += 1) {
      const owner = `default/service-${2 * ((step * 7_919) % count) + 1}`;
      allocator.release(owner, step);
      allocator.assign(claimOf(owner), step);
    }
  };
  change();
  return (elapsedMs(change) * 1_000) / CHANGES;
}

const large = rangeOf(LARGE);
const small = rangeOf(SMALL);
fill(allocatorOf([small], 0), Number(rangeSize(small)));

const fillMs = elapsedMs(() => fill(allocatorOf([large], 0), Number(rangeSize(large))));
const smallMs = elapsedMs(() => fill(allocatorOf([small], 0), Number(rangeSize(small))));
const naiveMs = elapsedMs(() => fillNaively(small));
const changeOf100 = changeMicroseconds(100);
const changeOf10000 = changeMicroseconds(10_000);

const rounded = (value: number) => Number(value.toFixed(2));
process.stdout.write(
  `${JSON.stringify({
    bench: 'ipam-fill',
    slash16Ms: rounded(fillMs),
    slash20Ms: rounded(smallMs),
    naiveSlash20Ms: rounded(naiveMs),
    ratioToNaive: rounded(smallMs / naiveMs),
    changeAmong100Us: rounded(changeOf100),
    changeAmong10000Us: rounded(changeOf10000),
    ratioOfChanges: rounded(changeOf10000 / changeOf100),
  })}\n`,
);
