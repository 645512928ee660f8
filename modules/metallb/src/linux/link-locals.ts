import { networkInterfaces } from 'node:os';
import { type MacAddress, parseMac } from '../net/mac.ts';

/** An interface that IPv6 can be spoken on with whoever is on the same link. */
export interface LinkLocal {
  readonly interface: string;
  /** Another one under the same name after the interface was made anew. */
  readonly index: number;
  readonly mac: MacAddress;
}

/** Interfaces that are up, have a carrier and a link-local address. Needs no privilege. */
export function readLinkLocals(): LinkLocal[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ family, scopeid }) => family === 'IPv6' && scopeid !== undefined && scopeid !== 0)
      .flatMap(({ mac: text, scopeid: index = 0 }) => {
        const mac = parseMac(text);
        return mac === undefined ? [] : [{ interface: name, index, mac }];
      })
      .slice(0, 1),
  );
}
