import { type IpAddress, parseIp } from '../net/ip.ts';
import { parseIpJson, runIp } from './ip-command.ts';

/** An entry of the kernel's neighbour table. */
export interface Neighbour {
  readonly ip: IpAddress;
  readonly interface: string;
  /** It has said so in Neighbor Discovery; the kernel takes nothing that was forwarded for that (RFC 4861 §6.1.2). */
  readonly isRouter: boolean;
  /** The kernel's word, such as `REACHABLE`; empty while it knows no link-layer address, as after an advertisement without. */
  readonly state: string;
}

/** Neighbours of IPv6. Needs no privilege. @throws IpCommandError */
export async function readNeighbours(): Promise<Neighbour[]> {
  return parseNeighbours((await runIp(['-6', '-json', 'neigh', 'show', 'nud', 'all'])).stdout);
}

/** Reads the output of `ip -json neigh show nud all`. @throws IpCommandError */
export function parseNeighbours(stdout: string): Neighbour[] {
  return parseIpJson(stdout).flatMap((entry) => {
    const { dst, dev, state } = entry;
    const ip = typeof dst === 'string' ? parseIp(dst) : undefined;
    if (ip === undefined || typeof dev !== 'string') return [];
    const [word = '']: unknown[] = Array.isArray(state) ? state : [];
    return [{ ip, interface: dev, isRouter: 'router' in entry, state: String(word) }];
  });
}
