/**
 * An IPv4 or IPv6 address in its canonical text form (dotted quad; RFC 5952). Two equal addresses are equal strings,
 * so it serves as a map key. Made only by the functions here.
 */
export type IpAddress = string & { readonly __brand: 'IpAddress' };
export type IpFamily = 'IPv4' | 'IPv6';

const IPV4_LENGTH = 4;
const IPV6_LENGTH = 16;
const IPV6_GROUPS = 8;
const SOLICITED_NODE_PREFIX = Uint8Array.of(255, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 255, 0, 0, 0);
const NO_ZERO_RUN = { start: -1, length: 0 };
const ZERO = '0'.charCodeAt(0);
const DOT = '.'.charCodeAt(0);
const COLON = ':'.charCodeAt(0);
const LOWER_A = 'a'.charCodeAt(0);

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
  const zeros = longestZeroRun(bytes);
  const zerosEnd = zeros.start + zeros.length;
  let text = '';
  for (let index = 0; index < IPV6_GROUPS; index += 1) {
    if (index === zeros.start) text += '::';
    if (index >= zeros.start && index < zerosEnd) continue;
    if (index > 0 && index !== zerosEnd) text += ':';
    text += groupOf(bytes, index).toString(16);
  }
  return text;
}

function groupOf(bytes: Uint8Array, index: number): number {
  return ((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0);
}

/** Only runs worth writing as `::`; a start of -1 says that there is none. */
function longestZeroRun(bytes: Uint8Array): { start: number; length: number } {
  let best = { start: -1, length: 1 };
  let start = 0;
  for (let index = 0; index < IPV6_GROUPS; index += 1) {
    if (groupOf(bytes, index) !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best.start < 0 ? NO_ZERO_RUN : best;
}

export function ipToBytes(ip: IpAddress): Uint8Array {
  if (familyOf(ip) === 'IPv6') return canonicalIpv6Bytes(ip);
  const value = ipv4ToNumber(ip);
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** Without checks, since every answered packet needs it several times and the text is canonical. */
function canonicalIpv6Bytes(ip: IpAddress): Uint8Array {
  const bytes = new Uint8Array(IPV6_LENGTH);
  const zeros = ip.indexOf('::');
  if (zeros < 0) {
    writeGroups(bytes, 0, ip);
  } else {
    const tail = ip.slice(zeros + 2);
    writeGroups(bytes, 0, ip.slice(0, zeros));
    writeGroups(bytes, IPV6_LENGTH - 2 * groupCount(tail), tail);
  }
  return bytes;
}

function groupCount(groups: string): number {
  let count = groups === '' ? 0 : 1;
  for (let index = 0; index < groups.length; index += 1) {
    if (groups.charCodeAt(index) === COLON) count += 1;
  }
  return count;
}

/** Shifts each digit into its two bytes from the right. */
function writeGroups(bytes: Uint8Array, start: number, groups: string): void {
  let at = start;
  for (let index = 0; index < groups.length; index += 1) {
    const code = groups.charCodeAt(index);
    if (code === COLON) {
      at += 2;
      continue;
    }
    const low = bytes[at + 1] ?? 0;
    const digit = code >= LOWER_A ? code - LOWER_A + 10 : code - ZERO;
    bytes[at] = ((bytes[at] ?? 0) << 4) | (low >> 4);
    bytes[at + 1] = (low << 4) | digit;
  }
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

function ipv4FromNumber(value: number): IpAddress {
  const [first, second, third] = [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff];
  return `${first}.${second}.${third}.${value & 0xff}` as IpAddress;
}

/** @param value 0 … 2^bits − 1 of the family */
export function ipFromBigInt(family: IpFamily, value: bigint): IpAddress {
  if (family === 'IPv4') return ipv4FromNumber(Number(value));
  const hex = value.toString(16).padStart(bitsOf(family) / 4, '0');
  return ipFromBytes(Buffer.from(hex, 'hex'));
}

/** Numeric order, IPv4 before IPv6. */
export function compareIps(a: IpAddress, b: IpAddress): number {
  const families = familyOf(a).localeCompare(familyOf(b));
  return families === 0 ? Buffer.compare(ipToBytes(a), ipToBytes(b)) : families;
}

/** RFC 4291 §2.5.6: it means something on one link only. */
export function isLinkLocal(ip: IpAddress): boolean {
  return /^fe[89ab].:/.test(ip);
}

/** RFC 4291 §2.7.1: ff02::1:ff00:0/104 and the low 24 bits of the address. */
export function solicitedNodeGroup(ip: IpAddress): Uint8Array {
  const group = SOLICITED_NODE_PREFIX.slice();
  group.set(ipToBytes(ip).subarray(13), 13);
  return group;
}
