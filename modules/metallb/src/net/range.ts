import {
  bitsOf,
  familyOf,
  type IpAddress,
  type IpFamily,
  ipFromBigInt,
  ipToBigInt,
  parseIp,
} from './ip.ts';

/** An inclusive interval of addresses of one family, as numbers: a /64 costs no more than a /32. */
export interface IpRange {
  readonly family: IpFamily;
  readonly first: bigint;
  readonly last: bigint;
}

export interface Cidr {
  readonly family: IpFamily;
  /** The network address: host bits are zero. */
  readonly network: bigint;
  readonly prefixLength: number;
}

/**
 * `first-last`, a CIDR (host bits are ignored), or one address.
 * @returns the range, or a sentence that says what would be right
 */
export function parseRange(text: string): IpRange | string {
  const trimmed = text.trim();
  if (trimmed.includes('-')) return parseInterval(trimmed);
  const [address = '', prefix, ...rest] = trimmed.split('/');
  const ip = parseIp(address);
  if (ip === undefined || rest.length > 0) {
    return 'expected a CIDR such as 192.0.2.0/24 or a range such as 192.0.2.10-192.0.2.19';
  }
  const family = familyOf(ip);
  const bits = bitsOf(family);
  if (prefix === undefined) return { family, first: ipToBigInt(ip), last: ipToBigInt(ip) };
  if (!/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > bits) {
    return `expected a prefix length from 0 to ${bits}`;
  }
  const size = 1n << BigInt(bits - Number(prefix));
  const first = (ipToBigInt(ip) / size) * size;
  return { family, first, last: first + size - 1n };
}

function parseInterval(text: string): IpRange | string {
  const parts = text.split('-').map((part) => parseIp(part.trim()));
  const [first, last] = parts;
  if (parts.length !== 2 || first === undefined || last === undefined) {
    return 'expected a range such as 192.0.2.10-192.0.2.19';
  }
  if (familyOf(first) !== familyOf(last)) return 'expected both ends of one address family';
  const range = { family: familyOf(first), first: ipToBigInt(first), last: ipToBigInt(last) };
  return range.first <= range.last ? range : 'expected the lower address first';
}

export function rangeContains(range: IpRange, ip: IpAddress): boolean {
  if (familyOf(ip) !== range.family) return false;
  const value = ipToBigInt(ip);
  return value >= range.first && value <= range.last;
}

export function rangesOverlap(a: IpRange, b: IpRange): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

export function rangeSize(range: IpRange): bigint {
  return range.last - range.first + 1n;
}

export function formatRange(range: IpRange): string {
  const text = (value: bigint) => ipFromBigInt(range.family, value);
  return range.first === range.last
    ? text(range.first)
    : `${text(range.first)}-${text(range.last)}`;
}

/** The fewest CIDRs that cover exactly this range, lowest first (at most 2 × bits of them). */
export function cidrsOf(range: IpRange): Cidr[] {
  const bits = bitsOf(range.family);
  const cidrs: Cidr[] = [];
  let network = range.first;
  while (network <= range.last) {
    let hostBits = 0;
    while (hostBits < bits && fits(range, network, hostBits + 1)) hostBits += 1;
    cidrs.push({ family: range.family, network, prefixLength: bits - hostBits });
    network += 1n << BigInt(hostBits);
  }
  return cidrs;
}

function fits(range: IpRange, network: bigint, hostBits: number): boolean {
  const size = 1n << BigInt(hostBits);
  return network % size === 0n && network + size - 1n <= range.last;
}
