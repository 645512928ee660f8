import { LRUCache } from 'lru-cache';
import { UNSPECIFIED_IPV4 } from '../layer2/announcement.ts';
import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import { UNSPECIFIED_IPV6 } from '../packet/ndp.ts';
import { Turns } from './turns.ts';

const MAX_HOSTS = 64;

/** Hosts that were seen on the segment, the latest first: whoever is asked when reception must be proven. */
export class KnownHosts {
  readonly #hosts = new LRUCache<IpAddress, MacAddress>({ max: MAX_HOSTS });
  readonly #turns = new Turns();

  /** Who probes has no address to be asked for. */
  saw(ip: IpAddress, mac: MacAddress): void {
    if (ip !== UNSPECIFIED_IPV4 && ip !== UNSPECIFIED_IPV6) this.#hosts.set(ip, mac);
  }

  /** A few of them, others at each call. */
  some(): { readonly ip: IpAddress; readonly mac: MacAddress }[] {
    return this.#turns.take([...this.#hosts.entries()]).map(([ip, mac]) => ({ ip, mac }));
  }
}
