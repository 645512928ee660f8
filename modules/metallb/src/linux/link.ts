import { type IpAddress, parseIp } from '../net/ip.ts';
import { type MacAddress, parseMac } from '../net/mac.ts';

/** One network interface with an Ethernet address, as the kernel sees it. */
export interface Link {
  readonly name: string;
  readonly index: number;
  readonly mac: MacAddress;
  /** Switched on by the administrator. */
  readonly up: boolean;
  /** The medium can carry frames: the cable is in. */
  readonly carrier: boolean;
  /** Addresses of global scope that are in use (not while duplicate address detection runs), in the kernel's order. */
  readonly addresses: readonly IpAddress[];
  readonly linkLocal: IpAddress | undefined;
  /** Of the addresses, or of what is at the other end of a line, as `address/length`. */
  readonly subnets: readonly string[];
  readonly loopback: boolean;
  /** The interface resolves neighbours at all (no NOARP flag). */
  readonly arp: boolean;
  /** The bond or bridge that this interface is a port of; one in a VRF has hosts of its own. */
  readonly master: string | undefined;
}

/**
 * Reads the output of `ip -j -d address`. Interfaces without an Ethernet address (tunnels) are left out.
 * @throws SyntaxError when it is not JSON, TypeError when it is not the list that `ip` writes
 */
export function parseLinks(output: string): Link[] {
  const entries: unknown = JSON.parse(output);
  if (!Array.isArray(entries)) throw new TypeError('expected a list of interfaces');
  return entries.filter(isRecord).flatMap((entry) => parseLink(entry) ?? []);
}

type Fields = Readonly<Record<string, unknown>>;

function parseLink(entry: Fields): Link | undefined {
  const { ifname: name, ifindex: index, address, master } = entry;
  const mac = typeof address === 'string' ? parseMac(address) : undefined;
  if (typeof name !== 'string' || typeof index !== 'number' || mac === undefined) return undefined;
  const flags: unknown[] = Array.isArray(entry['flags']) ? entry['flags'] : [];
  const usable = addressEntries(entry).filter(isUsable);
  const inScope = (scope: string) =>
    usable.filter((info) => info['scope'] === scope).flatMap((info) => ipOf(info) ?? []);
  return {
    name,
    index,
    mac,
    up: flags.includes('UP'),
    carrier: flags.includes('LOWER_UP'),
    addresses: inScope('global'),
    subnets: usable.filter((info) => info['scope'] === 'global').flatMap(subnetOf),
    linkLocal: inScope('link').find((ip) => ip.startsWith('fe80:')),
    loopback: flags.includes('LOOPBACK'),
    arp: !flags.includes('NOARP'),
    master: typeof master === 'string' && slaveKindOf(entry) !== 'vrf' ? master : undefined,
  };
}

function slaveKindOf({ linkinfo }: Fields): unknown {
  return isRecord(linkinfo) ? linkinfo['info_slave_kind'] : undefined;
}

function addressEntries(entry: Fields): Fields[] {
  const infos: unknown = entry['addr_info'];
  return Array.isArray(infos) ? infos.filter(isRecord) : [];
}

function isUsable(info: Fields): boolean {
  return info['tentative'] !== true && info['dadfailed'] !== true;
}

function ipOf(info: Fields): IpAddress | undefined {
  return typeof info['local'] === 'string' ? parseIp(info['local']) : undefined;
}

function subnetOf({ local, address, prefixlen }: Fields): string[] {
  const peer = address ?? local;
  const ip = typeof peer === 'string' ? parseIp(peer) : undefined;
  return ip === undefined || typeof prefixlen !== 'number' ? [] : [`${ip}/${prefixlen}`];
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
