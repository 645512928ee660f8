import type { Group } from '../duty/duty.ts';
import { groupWords } from '../duty/group-words.ts';
import type { NodeConditionReport } from '../duty/messages.ts';
import type { Link } from '../linux/link.ts';
import { Conditions } from './conditions.ts';
import { isUsableLink } from './usable-link.ts';

/**
 * Groups that this node belongs to and can't serve, as it has none of their interfaces: another node may have one, and
 * when none has, this is why nobody answers.
 */
export class MissingInterfaces {
  readonly #node: string;
  readonly #report: (report: NodeConditionReport) => void;
  /** By the interfaces that are asked for. */
  readonly #conditions = new Map<string, Conditions>();

  constructor(node: string, report: (report: NodeConditionReport) => void) {
    this.#node = node;
    this.#report = report;
  }

  active(): NodeConditionReport[] {
    return [...this.#conditions.values()].flatMap((conditions) => conditions.active());
  }

  look(groups: Iterable<Group>, links: readonly Link[], excluded: readonly RegExp[]): void {
    const missing = new Map<string, string[]>();
    for (const group of groups) {
      const isMember = group.members.some(({ node }) => node === this.#node);
      const isThere = (link: Link) => isUsableLink(link, excluded, [group]);
      if (!isMember || group.interfaces.length === 0 || links.some(isThere)) continue;
      const names = group.interfaces.join(',');
      missing.set(names, [...(missing.get(names) ?? []), group.id]);
    }
    for (const names of missing.keys()) {
      if (!this.#conditions.has(names))
        this.#conditions.set(names, new Conditions(names, this.#report));
    }
    for (const [names, conditions] of this.#conditions) {
      const ids = missing.get(names);
      conditions.set('InterfaceMissing', ids !== undefined, messageFor(ids ?? []));
      if (ids === undefined) this.#conditions.delete(names);
    }
  }
}

function messageFor(ids: readonly string[]): string {
  const { names, interfacesField } = groupWords(ids);
  return `not up on this node, which announces nothing for ${names}: bring an interface up, or change ${interfacesField}`;
}
