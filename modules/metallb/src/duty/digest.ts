import { createHash } from 'node:crypto';
import type { IpAddress } from '../net/ip.ts';
import type { Duty, DutyTable, Group, Member } from './duty.ts';

const DIGEST_BYTES = 8;

/**
 * Eight bytes in hex that are equal on two nodes when the cluster has told both the same about the IP and its group
 * (network rule 6). What follows from moves is left out: it changes with each, and statuses agree soon after.
 */
export function dutyDigest(duty: Duty, group: Group | undefined): string {
  return shortHash(dutyFields(duty).concat(groupFields(group)));
}

/**
 * Digests of all duties of each group, kept as the table changes: the XOR of the duties' own digests, which costs one
 * hash for each duty that changes, hashed together with the group's members when asked for.
 */
export class GroupDigests {
  readonly #table: DutyTable;
  readonly #contributions = new Map<IpAddress, { group: string; value: bigint }>();
  readonly #sums = new Map<string, bigint>();

  /** @param table read again at every `update` */
  constructor(table: DutyTable) {
    this.#table = table;
    this.update(table.duties.keys());
  }

  /** @param ips whose duties may have changed, e.g. `Touched.ips` */
  update(ips: Iterable<IpAddress>): void {
    for (const ip of ips) {
      this.#remove(ip);
      const duty = this.#table.duties.get(ip);
      if (duty !== undefined) this.#add(duty);
    }
  }

  /** Eight bytes in hex; also for a group without duties. */
  digestOf(group: string): string {
    const sum = (this.#sums.get(group) ?? 0n).toString(16);
    return shortHash([sum, ...groupFields(this.#table.groups.get(group))]);
  }

  #add(duty: Duty): void {
    const value = BigInt(`0x${shortHash(dutyFields(duty))}`);
    this.#contributions.set(duty.ip, { group: duty.group, value });
    this.#toggle(duty.group, value);
  }

  #remove(ip: IpAddress): void {
    const contribution = this.#contributions.get(ip);
    if (contribution === undefined) return;
    this.#contributions.delete(ip);
    this.#toggle(contribution.group, contribution.value);
  }

  #toggle(group: string, value: bigint): void {
    const sum = (this.#sums.get(group) ?? 0n) ^ value;
    if (sum === 0n) this.#sums.delete(group);
    else this.#sums.set(group, sum);
  }
}

function dutyFields(duty: Duty): unknown[] {
  const endpoints = duty.localEndpoints && Object.entries(duty.localEndpoints).sort(byName);
  return [
    duty.ip,
    duty.group,
    duty.interfaces.toSorted(),
    duty.bySubnet,
    duty.preferredNode ?? null,
    endpoints ?? null,
  ];
}

function groupFields(group: Group | undefined): unknown[] {
  const members = group?.members.map(memberFields) ?? [];
  return members.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}

/** Nothing of a weight that there is not: versions that know none agree on all other groups. */
function memberFields({ node, excluded, ready, weight }: Member): unknown[] {
  return weight === undefined ? [node, excluded, ready] : [node, excluded, ready, weight];
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

function shortHash(fields: unknown[]): string {
  const json = JSON.stringify(fields);
  return createHash('sha256').update(json).digest().subarray(0, DIGEST_BYTES).toString('hex');
}
