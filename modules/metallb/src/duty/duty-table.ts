import type { IpAddress } from '../net/ip.ts';
import type { Duty, DutyTable, Group, Reach } from './duty.ts';
import type { DutyChange } from './messages.ts';

/** What a set of changes concerned: all that needs a new decision. */
export interface Touched {
  readonly ips: ReadonlySet<IpAddress>;
  readonly groups: ReadonlySet<string>;
  readonly pools: boolean;
  readonly draining: boolean;
  readonly dataplane: boolean;
}

/** A table that changes in place, so that one change costs the same among 10,000 duties as among 10. */
export class LiveDutyTable implements DutyTable {
  readonly duties = new Map<IpAddress, Duty>();
  readonly groups = new Map<string, Group>();
  pools: readonly string[] = [];
  draining = false;
  dataplaneFailed = false;
  reachability: Readonly<Record<string, Reach>> = {};
  revision = 0;

  apply(changes: readonly DutyChange[]): Touched {
    for (const change of changes) this.#applyOne(change);
    return touchedBy(changes);
  }

  #applyOne(change: DutyChange): void {
    if ('unset' in change) {
      if (change.unset === 'duty') this.duties.delete(change.ip);
      else this.groups.delete(change.id);
      return;
    }
    switch (change.set) {
      case 'duty':
        this.duties.set(change.duty.ip, change.duty);
        break;
      case 'group':
        this.groups.set(change.group.id, change.group);
        break;
      case 'pools':
        this.pools = change.pools;
        break;
      case 'draining':
        this.draining = change.draining;
        break;
      case 'dataplane':
        this.dataplaneFailed = change.failed;
        break;
      case 'reachability':
        this.reachability = change.interfaces;
        break;
      case 'revision':
        this.revision = change.revision;
        break;
    }
  }
}

/** The table of a node that has nothing to do. */
export function emptyTable(): DutyTable {
  return new LiveDutyTable();
}

/**
 * The changes that turn `before` into `after`. Groups come before the duties that name them and go after them, so
 * that no prefix of the changes holds a duty without its group; the revision comes last, as it speaks for all of them.
 */
export function diffTables(before: DutyTable, after: DutyTable): DutyChange[] {
  const changes = diffSettings(before, after);
  for (const [id, group] of after.groups) {
    const old = before.groups.get(id);
    if (old === undefined || !sameGroup(old, group)) changes.push({ set: 'group', group });
  }
  for (const [ip, duty] of after.duties) {
    const old = before.duties.get(ip);
    if (old === undefined || !sameDuty(old, duty)) changes.push({ set: 'duty', duty });
  }
  for (const ip of before.duties.keys()) {
    if (!after.duties.has(ip)) changes.push({ unset: 'duty', ip });
  }
  for (const id of before.groups.keys()) {
    if (!after.groups.has(id)) changes.push({ unset: 'group', id });
  }
  return changes.concat(diffRevision(before, after));
}

function diffSettings(before: DutyTable, after: DutyTable): DutyChange[] {
  const changes: DutyChange[] = [];
  if (!sameList(before.pools, after.pools)) changes.push({ set: 'pools', pools: after.pools });
  if (before.draining !== after.draining) {
    changes.push({ set: 'draining', draining: after.draining });
  }
  if (before.dataplaneFailed !== after.dataplaneFailed) {
    changes.push({ set: 'dataplane', failed: after.dataplaneFailed });
  }
  if (!sameRecord(before.reachability, after.reachability)) {
    changes.push({ set: 'reachability', interfaces: after.reachability });
  }
  return changes;
}

function diffRevision(before: DutyTable, after: DutyTable): DutyChange[] {
  const { revision } = after;
  return before.revision === revision ? [] : [{ set: 'revision', revision }];
}

/** Whether two duties for an IP elect the same nodes, as far as moves have no say in it. */
export function sameElection(a: Duty, b: Duty): boolean {
  return (
    a.group === b.group &&
    sameList(a.interfaces, b.interfaces) &&
    a.bySubnet === b.bySubnet &&
    a.preferredNode === b.preferredNode &&
    sameEndpoints(a.localEndpoints, b.localEndpoints)
  );
}

/** Whether two duties ask for the same thing. */
export function sameDuty(a: Duty, b: Duty): boolean {
  return (
    a.ip === b.ip &&
    sameElection(a, b) &&
    a.lastAnnouncer === b.lastAnnouncer &&
    a.probing === b.probing &&
    a.since === b.since &&
    a.forced === b.forced &&
    a.failback === b.failback &&
    a.recentMoves === b.recentMoves &&
    a.lastMoveEpochMs === b.lastMoveEpochMs
  );
}

/** Whether two groups have the same interfaces and members, in the same order and each in the same state. */
export function sameGroup(a: Group, b: Group): boolean {
  return (
    a.id === b.id &&
    sameList(a.interfaces, b.interfaces) &&
    a.members.length === b.members.length &&
    a.members.every((member, index) => {
      const other = b.members[index];
      return (
        member.node === other?.node &&
        member.excluded === other.excluded &&
        member.ready === other.ready &&
        member.weight === other.weight
      );
    })
  );
}

/** Whether two lists hold the same values in the same order. */
export function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

function sameEndpoints(a: Duty['localEndpoints'], b: Duty['localEndpoints']): boolean {
  return a === undefined || b === undefined ? a === b : sameRecord(a, b);
}

/** Whether two records hold the same values under the same names. */
export function sameRecord(
  a: Readonly<Record<string, string | number>>,
  b: Readonly<Record<string, string | number>>,
): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function touchedBy(changes: readonly DutyChange[]): Touched {
  const ips = new Set<IpAddress>();
  const groups = new Set<string>();
  let pools = false;
  let draining = false;
  let dataplane = false;
  for (const change of changes) {
    if ('unset' in change) {
      if (change.unset === 'duty') ips.add(change.ip);
      else groups.add(change.id);
    } else if (change.set === 'duty') ips.add(change.duty.ip);
    else if (change.set === 'group') groups.add(change.group.id);
    else if (change.set === 'pools') pools = true;
    else if (change.set === 'draining') draining = true;
    else if (change.set === 'dataplane') dataplane = true;
  }
  return { ips, groups, pools, draining, dataplane };
}
