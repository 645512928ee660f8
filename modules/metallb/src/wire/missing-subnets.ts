import type { Duty, DutyTable } from '../duty/duty.ts';
import type { NodeConditionReport } from '../duty/messages.ts';
import type { Link } from '../linux/link.ts';
import type { IpAddress } from '../net/ip.ts';
import { Conditions } from './conditions.ts';
import { Place } from './place.ts';
import { isUsableLink } from './usable-link.ts';

const SHOWN_IPS = 3;

/**
 * IPs of this node's groups that are for interfaces of their subnet alone, and no interface here has an address of it:
 * another node may have one, and when none has, this is why nobody answers.
 */
export class MissingSubnets {
  readonly #node: string;
  readonly #excluded: readonly RegExp[];
  readonly #conditions: Conditions;
  readonly #missing = new Set<IpAddress>();
  #places: readonly { readonly link: Link; readonly place: Place }[] = [];

  constructor(
    options: { readonly node: string; readonly excludeInterfaces: readonly RegExp[] },
    report: (report: NodeConditionReport) => void,
  ) {
    this.#node = options.node;
    this.#excluded = options.excludeInterfaces;
    this.#conditions = new Conditions('any interface', report);
  }

  active(): NodeConditionReport[] {
    return this.#conditions.active();
  }

  setLinks(links: readonly Link[], table: DutyTable): void {
    this.#places = links.map((link) => ({ link, place: new Place(link, this.#excluded) }));
    this.look([...table.duties.keys(), ...this.#missing], table);
  }

  /** @param ips whose duties or groups may have changed */
  look(ips: Iterable<IpAddress>, table: DutyTable): void {
    for (const ip of ips) {
      const duty = table.duties.get(ip);
      if (duty !== undefined && this.#isHomeless(duty, table)) this.#missing.add(ip);
      else this.#missing.delete(ip);
    }
    this.#conditions.set('SubnetMissing', this.#missing.size > 0, this.#message());
  }

  #isHomeless(duty: Duty, { groups }: DutyTable): boolean {
    if (!duty.bySubnet) return false;
    const group = groups.get(duty.group);
    if (!group?.members.some(({ node }) => node === this.#node)) return false;
    return !this.#places.some(
      ({ link, place }) => isUsableLink(link, this.#excluded, [duty]) && place.isFor(duty, group),
    );
  }

  #message(): string {
    const shown = [...this.#missing].slice(0, SHOWN_IPS).join(', ');
    const more = this.#missing.size - SHOWN_IPS;
    const ips = more > 0 ? `${shown} and ${more} more` : shown;
    return `none has an address in the subnet of ${ips}: this node announces nothing there; give an interface such an address, or set spec.l2.interfaceSelection of the class to All`;
  }
}
