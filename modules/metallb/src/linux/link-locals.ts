import { networkInterfaces } from 'node:os';
import { type IpAddress, parseIp } from '../net/ip.ts';
import { type MacAddress, parseMac } from '../net/mac.ts';

/** An interface that IPv6 can be spoken on with whoever is on the same link. */
export interface LinkLocal {
  readonly interface: string;
  /** Another one under the same name after the interface was made anew. */
  readonly index: number;
  readonly mac: MacAddress;
  /** This host's own on it, those that are not link-local among them. */
  readonly addresses: readonly IpAddress[];
}

/** Interfaces that are up, have a carrier and a link-local address. Needs no privilege. */
export function readLinkLocals(): LinkLocal[] {
  return Object.entries(networkInterfaces()).flatMap(([name, infos = []]) => {
    const linkLocal = infos.find(({ scopeid = 0 }) => scopeid !== 0);
    const mac = parseMac(linkLocal?.mac ?? '');
    if (linkLocal === undefined || mac === undefined) return [];
    const addresses = infos.flatMap(({ address }) => parseIp(address) ?? []);
    return [{ interface: name, index: linkLocal.scopeid ?? 0, mac, addresses }];
  });
}
