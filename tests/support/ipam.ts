import type { Claim } from '../../modules/metallb/src/ipam/claim.ts';
import type { Pool } from '../../modules/metallb/src/ipam/pool.ts';
import { type IpAddress, parseIp } from '../../modules/metallb/src/net/ip.ts';
import { type IpRange, parseRange } from '../../modules/metallb/src/net/range.ts';

const words = (text: string) =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

/** @param text ranges with commas between them */
export function rangesOf(text: string): IpRange[] {
  return words(text).map((word) => {
    const range = parseRange(word);
    if (typeof range === 'string') throw new TypeError(`${word}: ${range}`);
    return range;
  });
}

/** @param ranges with commas between them */
export function poolOf(name: string, ranges: string, wish: Partial<Pool> = {}): Pool {
  const plain = { autoAssign: true, avoidBuggyIps: false, reassigns: false };
  return { name, ranges: rangesOf(ranges), ...plain, ...wish };
}

/** @param text addresses with commas between them */
export function ipsOf(text: string): IpAddress[] {
  return words(text).map((word) => {
    const ip = parseIp(word);
    if (ip === undefined) throw new TypeError(`not an address: ${word}`);
    return ip;
  });
}

/** One IPv4 address from pool `p`, shared with nobody, unless wished otherwise. */
export function claimOf(owner: string, wish: Partial<Claim> = {}): Claim {
  return {
    owner,
    pools: ['p'],
    poolNamedByOwner: false,
    families: ['IPv4'],
    policy: 'SingleStack',
    requested: [],
    sharing: undefined,
    ...wish,
  };
}
