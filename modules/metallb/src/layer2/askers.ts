import { LRUCache } from 'lru-cache';
import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import { UNSPECIFIED_IPV6 } from '../packet/ndp.ts';
import { UNSPECIFIED_IPV4 } from './announcement.ts';
import type { Asker } from './answer.ts';

const MAX_ASKERS_PER_IP = 64; // network rule 19
const MAX_ASKERS = 65_536;

/** The last hosts that asked for each IP: whom a takeover tells one by one. All candidates keep them. */
export class Askers {
  /** Insertion order of the inner maps is the order of asking. */
  readonly #askers = new LRUCache<IpAddress, Map<MacAddress, Asker>>({
    maxSize: MAX_ASKERS,
    sizeCalculation: (askers) => askers.size,
  });

  /** Probes are not noted: who sends one has no use for the IP. */
  saw(ip: IpAddress, asker: Asker): void {
    if (asker.ip === UNSPECIFIED_IPV4 || asker.ip === UNSPECIFIED_IPV6) return;
    const askers = this.#askers.get(ip) ?? new Map<MacAddress, Asker>();
    askers.delete(asker.mac);
    askers.set(asker.mac, asker);
    const [oldest] = askers.keys();
    if (askers.size > MAX_ASKERS_PER_IP && oldest !== undefined) askers.delete(oldest);
    // The cache measures a value when it is new to it.
    this.#askers.delete(ip);
    this.#askers.set(ip, askers);
  }

  /** The latest first. */
  of(ip: IpAddress): Asker[] {
    return [...(this.#askers.peek(ip)?.values() ?? [])].reverse();
  }

  forget(ip: IpAddress): void {
    this.#askers.delete(ip);
  }
}
