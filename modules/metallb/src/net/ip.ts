/**
 * An IPv4 or IPv6 address in its canonical text form (dotted quad; RFC 5952). Two equal addresses are equal strings,
 * so it serves as a map key. Made only by the functions here.
 */
export type IpAddress = string & { readonly __brand: 'IpAddress' };
export type IpFamily = 'IPv4' | 'IPv6';

const IPV4_LENGTH = 4;
const IPV6_LENGTH = 16;
const ZERO = '0'.charCodeAt(0);
const DOT = '.'.charCodeAt(0);

export function familyOf(ip: IpAddress): IpFamily {
  return ip.includes(':') ? 'IPv6' : 'IPv4';
}

/** Bits of an address of this family. */
export function bitsOf(family: IpFamily): 32 | 128 {
  return family === 'IPv4' ? 32 : 128;
}

/**
 * The canonical form of `text`. Refuses zones, ports, masks, and IPv4 octets with leading zeros (their base is
 * ambiguous). An IPv4-mapped IPv6 address stays IPv6.
 */
export function parseIp(text: string): IpAddress | undefined {
  const bytes = text.includes(':') ? parseIpv6(text) : parseIpv4(text);
  return bytes === undefined ? undefined : ipFromBytes(bytes);
}

/** The only spelling of each octet. */
const OCTETS: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 256 }, (_, octet) => [String(octet), octet]),
);

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== IPV4_LENGTH) return undefined;
  const bytes = new Uint8Array(IPV4_LENGTH);
  for (let index = 0; index < IPV4_LENGTH; index += 1) {
    const octet = OCTETS.get(parts[index] ?? '');
    if (octet === undefined) return undefined;
    bytes[index] = octet;
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = parseGroups(halves[1] ?? '', true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = IPV6_LENGTH - head.length - tail.length;
  // RFC 4291 §2.2: `::` stands for at least one group; without it all eight must be written.
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (mayEndInIpv4 && index === groups.length - 1 && group.includes('.')) {
      const ipv4 = parseIpv4(group);
      if (ipv4 === undefined) return undefined;
      bytes.push(...ipv4);
    } else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else {
      return undefined;
    }
  }
  return bytes;
}

/** @param bytes 4 or 16 octets in network order */
export function ipFromBytes(bytes: Uint8Array): IpAddress {
  if (bytes.length === IPV4_LENGTH) {
    return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}` as IpAddress;
  }
  return formatIpv6(bytes) as IpAddress;
}

/** RFC 5952 §4: lower case, no leading zeros, the longest (first) run of two or more zero groups as `::`. */
function formatIpv6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let index = 0; index < IPV6_LENGTH; index += 2) {
    groups.push(((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0));
  }
  const zeros = longestZeroRun(groups);
  const hex = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  if (zeros.length < 2) return hex(0, groups.length);
  return `${hex(0, zeros.start)}::${hex(zeros.start + zeros.length, groups.length)}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}

export function ipToBytes(ip: IpAddress): Uint8Array {
  const bytes = familyOf(ip) === 'IPv4' ? parseIpv4(ip) : parseIpv6(ip);
  if (bytes === undefined) throw new TypeError(`not an IpAddress: ${ip}`);
  return bytes;
}

export function ipToBigInt(ip: IpAddress): bigint {
  if (familyOf(ip) === 'IPv4') return BigInt(ipv4ToNumber(ip));
  return BigInt(`0x${Buffer.from(ipToBytes(ip)).toString('hex')}`);
}

/** Without a byte array, since assigning addresses does little else. */
function ipv4ToNumber(ip: IpAddress): number {
  let value = 0;
  let octet = 0;
  for (let index = 0; index < ip.length; index += 1) {
    const code = ip.charCodeAt(index);
    if (code === DOT) {
      value = value * 256 + octet;
      octet = 0;
    } else {
      octet = octet * 10 + code - ZERO;
    }
  }
  return value * 256 + octet;
}

/** @param value 0 … 2^bits − 1 of the family */
export function ipFromBigInt(family: IpFamily, value: bigint): IpAddress {
  if (family === 'IPv4') {
    const number = Number(value);
    return ipFromBytes(Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number));
  }
  const hex = value.toString(16).padStart(bitsOf(family) / 4, '0');
  return ipFromBytes(Buffer.from(hex, 'hex'));
}

/** Numeric order, IPv4 before IPv6. */
export function compareIps(a: IpAddress, b: IpAddress): number {
  const families = familyOf(a).localeCompare(familyOf(b));
  return families === 0 ? Buffer.compare(ipToBytes(a), ipToBytes(b)) : families;
}

/** RFC 4291 §2.7.1: ff02::1:ff00:0/104 and the low 24 bits of the address. */
export function solicitedNodeGroup(ip: IpAddress): Uint8Array {
  const low = ipToBytes(ip).subarray(13, 16);
  return Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, ...low);
}
