import type { Holding } from '../duty/holding.ts';
import type { IpAddress } from '../net/ip.ts';
import { MultiMap } from './multi-map.ts';

/** All holdings by what a change may concern. Whose they are is an owner's key of any form: it has them all at once. */
export class HoldingIndex {
  readonly #byOwner = new Map<string, readonly Holding[]>();
  readonly #byIp = new MultiMap<IpAddress, Holding>();
  readonly #byGroup = new MultiMap<string, Holding>();
  readonly #byService = new MultiMap<string, Holding>();

  /** @returns the IPs that it had or has */
  set(owner: string, holdings: readonly Holding[]): IpAddress[] {
    const before = this.#byOwner.get(owner) ?? [];
    for (const holding of before) this.#remove(holding);
    for (const holding of holdings) this.#add(holding);
    if (holdings.length === 0) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, holdings);
    return [...before, ...holdings].map(({ ip }) => ip);
  }

  withIp(ip: IpAddress): Holding[] {
    return [...this.#byIp.get(ip)];
  }

  ipsOfGroup(group: string): IpAddress[] {
    return Array.from(this.#byGroup.get(group), ({ ip }) => ip);
  }

  ipsOfService(service: string): IpAddress[] {
    return Array.from(this.#byService.get(service), ({ ip }) => ip);
  }

  #add(holding: Holding): void {
    this.#byIp.add(holding.ip, holding);
    this.#byGroup.add(holding.group, holding);
    this.#byService.add(holding.service, holding);
  }

  #remove(holding: Holding): void {
    this.#byIp.delete(holding.ip, holding);
    this.#byGroup.delete(holding.group, holding);
    this.#byService.delete(holding.service, holding);
  }
}
