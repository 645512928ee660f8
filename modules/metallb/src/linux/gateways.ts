import { type IpAddress, type IpFamily, parseIp } from '../net/ip.ts';
import { parseIpJson, runIp } from './ip-command.ts';

/** Default gateways by the interface that leads to them, as the kernel's routing tables say, each once. */
export type Gateways = Readonly<Record<IpFamily, ReadonlyMap<string, readonly IpAddress[]>>>;

/** Looks into all tables: the way back of a two-homed node is in one of its own. Needs no privilege. @throws IpCommandError */
export async function readGateways(): Promise<Gateways> {
  const [IPv4, IPv6] = await Promise.all(['-4', '-6'].map(readFamily));
  return { IPv4: IPv4 ?? new Map(), IPv6: IPv6 ?? new Map() };
}

async function readFamily(family: string): Promise<ReadonlyMap<string, readonly IpAddress[]>> {
  const list = ['-json', 'route', 'show', 'default', 'table', 'all'];
  return parseGateways((await runIp([family, ...list])).stdout);
}

/** Reads the output of `ip -json route show default table all`. @throws IpCommandError */
export function parseGateways(stdout: string): ReadonlyMap<string, readonly IpAddress[]> {
  const gateways = new Map<string, IpAddress[]>();
  for (const route of parseIpJson(stdout)) {
    const { nexthops } = route;
    const hops: unknown[] = Array.isArray(nexthops) ? nexthops : [route];
    for (const hop of hops.filter(isRecord)) {
      const ip = gatewayOf(hop);
      const { dev } = hop;
      if (ip === undefined || typeof dev !== 'string') continue;
      const known = gateways.get(dev) ?? [];
      if (!known.includes(ip)) gateways.set(dev, [...known, ip]);
    }
  }
  return gateways;
}

/** `via` where the next hop is of the other family (RFC 5549). */
function gatewayOf({ gateway, via }: Readonly<Record<string, unknown>>): IpAddress | undefined {
  const text = isRecord(via) ? via['host'] : gateway;
  return typeof text === 'string' ? parseIp(text) : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
