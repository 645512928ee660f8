import { CONDITION } from '../api/names.ts';
import type { Condition } from '../api/object.ts';
import { compareIps, type IpAddress } from '../net/ip.ts';
import type { PlannedIp, PlanState } from './plan-state.ts';

/**
 * What becomes of an IP: another node announces it (`moves`), a node does and none did (`answered`), it stays and is
 * another child's or was none's (`adopted`), or only the node that it prefers is another (`prefers`).
 */
export type IpChange = 'appears' | 'goes' | 'moves' | 'answered' | 'adopted' | 'prefers';

/** One IP that doesn't stay as it is; what it has before or after is absent where it is not there. */
export interface IpMove {
  readonly service: string;
  readonly ip: IpAddress;
  readonly change: IpChange;
  readonly before: IpPlace | undefined;
  readonly after: IpPlace | undefined;
}

export type IpPlace = Pick<
  PlannedIp,
  'child' | 'className' | 'pool' | 'preferredNode' | 'announcer'
>;

/** A condition that reads differently; absent where it is not there. */
export interface ConditionChange {
  readonly object: string;
  readonly type: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What `mlb plan` says; the form of its JSON, too. */
export interface PlanReport {
  readonly ips: readonly IpMove[];
  /** IPs of Services that stay with child, node and announcer. */
  readonly unchangedIps: number;
  /** `Service child` that will wait for an IP and don't now. */
  readonly withoutIp: readonly string[];
  /** Services that a class will leave to whoever serves them now, as it would not keep their IPs, and does not now. */
  readonly notTakenOver: readonly string[];
  readonly conditions: readonly ConditionChange[];
  readonly balancerNodes: { readonly joins: readonly string[]; readonly leaves: readonly string[] };
  /** What the controller is about to do anyway; undefined where no change was asked about. */
  readonly underWay: number | undefined;
}

/** Whether somebody who uses an IP now may notice: it goes, or another node answers for it. */
export function movesSomething({ ips }: PlanReport): boolean {
  return ips.some(({ change }) => change === 'goes' || change === 'moves');
}

/** How two states of a cluster differ. */
export function comparePlans(before: PlanState, after: PlanState): Omit<PlanReport, 'underWay'> {
  const keys = new Set([...before.ips.keys(), ...after.ips.keys()]);
  const ips = [...keys].flatMap((key) => moveOf(before.ips.get(key), after.ips.get(key)));
  const kept = [...before.ips.keys()].filter((key) => after.ips.has(key)).length;
  const changedInPlace = ips.filter(({ before, after }) => before && after).length;
  return {
    ips: ips.sort(compareMoves),
    unchangedIps: kept - changedInPlace,
    withoutIp: missing(after.waiting, before.waiting),
    notTakenOver: missing(leftAlone(after), leftAlone(before)),
    conditions: [...new Set([...before.conditions.keys(), ...after.conditions.keys()])]
      .sort()
      .flatMap((object) => conditionChanges(object, before, after)),
    balancerNodes: {
      joins: missing(after.balancerNodes, before.balancerNodes),
      leaves: missing(before.balancerNodes, after.balancerNodes),
    },
  };
}

/** How many things a plan changes. */
export function sizeOf(plan: Omit<PlanReport, 'underWay'>): number {
  const { ips, withoutIp, conditions, balancerNodes } = plan;
  const nodes = balancerNodes.joins.length + balancerNodes.leaves.length;
  return ips.length + withoutIp.length + conditions.length + nodes;
}

function moveOf(before: PlannedIp | undefined, after: PlannedIp | undefined): IpMove[] {
  const known = after ?? before;
  const change = changeOf(before, after);
  if (known === undefined || change === undefined) return [];
  const { service, ip } = known;
  return [{ service, ip, change, before: placeOf(before), after: placeOf(after) }];
}

function changeOf(
  before: PlannedIp | undefined,
  after: PlannedIp | undefined,
): IpChange | undefined {
  if (before === undefined) return 'appears';
  if (after === undefined) return 'goes';
  if (before.announcer !== undefined && before.announcer !== after.announcer) return 'moves';
  if (holderOf(before) !== undefined && before.announcer !== after.announcer) return 'answered';
  if (holderOf(before) !== holderOf(after)) return 'adopted';
  return before.preferredNode === after.preferredNode ? undefined : 'prefers';
}

/** The child that has it, or the pool of MetalLB's API that it is of; undefined where nobody of ours has it. */
export function holderOf(place: IpPlace | undefined): string | undefined {
  return place?.child ?? (place?.pool && `pool ${place.pool}`);
}

function placeOf(planned: PlannedIp | undefined): IpPlace | undefined {
  if (planned === undefined) return undefined;
  const { child, className, pool, preferredNode, announcer } = planned;
  return { child, className, pool, preferredNode, announcer };
}

function compareMoves(a: IpMove, b: IpMove): number {
  if (a.service !== b.service) return a.service < b.service ? -1 : 1;
  return compareIps(a.ip, b.ip);
}

/** `Service NAMESPACE/NAME` */
function leftAlone({ conditions }: PlanState): ReadonlySet<string> {
  const isLeft = (of: ReadonlyMap<string, Condition>) =>
    of.get(CONDITION.classBound)?.reason === 'WouldLoseIPs';
  return new Set([...conditions].flatMap(([object, byType]) => (isLeft(byType) ? object : [])));
}

function conditionChanges(object: string, before: PlanState, after: PlanState): ConditionChange[] {
  const [old, next] = [before.conditions.get(object), after.conditions.get(object)];
  // What is gone has nothing to say.
  if (next === undefined) return [];
  return [...new Set([...(old?.keys() ?? []), ...next.keys()])].flatMap((type) => {
    const [was, is] = [inWords(old?.get(type)), inWords(next.get(type))];
    // Of what is new, only its complaints are news.
    const isExpected = old === undefined && next.get(type)?.status !== 'False';
    return was === is || isExpected ? [] : [{ object, type, before: was, after: is }];
  });
}

function inWords(condition: Condition | undefined): string | undefined {
  if (condition === undefined) return undefined;
  const { status, reason, message } = condition;
  return `${status} ${reason}: ${message}`;
}

function missing(these: ReadonlySet<string>, those: ReadonlySet<string>): string[] {
  return [...these].filter((item) => !those.has(item)).sort();
}
