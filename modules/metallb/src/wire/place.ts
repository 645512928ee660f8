import { allowsInterface } from '../duty/allowed-interface.ts';
import type { Duty, Group } from '../duty/duty.ts';
import type { IpAddress } from '../net/ip.ts';
import { type IpRange, parseRange, rangeContains } from '../net/range.ts';
import type { SegmentLink } from './segment-options.ts';

/** An interface as the place of duties: which of them it may serve. */
export class Place {
  readonly #name: string;
  readonly #excluded: readonly RegExp[];
  #written = '';
  #subnets: readonly IpRange[] = [];

  constructor(link: SegmentLink, excluded: readonly RegExp[]) {
    this.#name = link.name;
    this.#excluded = excluded;
    this.setLink(link);
  }

  /** @returns whether its subnets are others than before */
  setLink({ subnets }: Pick<SegmentLink, 'subnets'>): boolean {
    const written = subnets.join();
    if (written === this.#written) return false;
    this.#written = written;
    this.#subnets = subnets.map(parseRange).filter((range) => typeof range !== 'string');
    return true;
  }

  /** @param group of the duty: what it allows here, where its nodes differ in that */
  isFor({ ip, interfaces, bySubnet }: Duty, group: Pick<Group, 'interfaces'> | undefined): boolean {
    // Who names an interface means it, also where it is only for those who name it.
    const allowed = interfaces.length > 0 ? interfaces : (group?.interfaces ?? []);
    return (
      allowsInterface(allowed, this.#name, this.#excluded) && (!bySubnet || this.isInSubnet(ip))
    );
  }

  isInSubnet(ip: IpAddress): boolean {
    return this.#subnets.some((range) => rangeContains(range, ip));
  }

  /** Whether somebody with these addresses shares the IP's subnet, as far as it is one of this interface. */
  sharesSubnet(ip: IpAddress, addresses: readonly IpAddress[]): boolean {
    return this.#subnets.some(
      (range) => rangeContains(range, ip) && addresses.some((one) => rangeContains(range, one)),
    );
  }
}
