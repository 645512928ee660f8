import type { Child } from '../api/child.ts';
import type { EndpointSlice } from '../api/endpoint-slice.ts';
import type { MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import type { Node } from '../api/node.ts';
import { decideDuty } from '../duty/decide-duty.ts';
import type { Duty } from '../duty/duty.ts';
import { type GroupPolicy, policyOfClass } from '../duty/group-policy.ts';
import { holdingsOfChild } from '../duty/holding.ts';
import { viewGroup } from '../duty/node-group.ts';
import { Electorate } from '../election/electorate.ts';
import type { SegmentView } from '../election/view.ts';
import type { IpAddress } from '../net/ip.ts';
import type { MetallbHoldings } from './metallb-holdings.ts';

/** All that the API tells of an election. */
export interface ElectionInputs {
  /** By name, with those that were deleted while children name them: their last-known spec stays in force. */
  readonly classes: ReadonlyMap<string, MetalLoadBalancerClass>;
  readonly nodes: readonly Node[];
  readonly children: readonly Child[];
  readonly metallb: MetallbHoldings;
  readonly slices: readonly EndpointSlice[];
  readonly epochMs: number;
  /** Nodes that nobody hears. */
  readonly down: ReadonlySet<string>;
}

/**
 * Who announces each assigned IP where all nodes but those that are down hear each other and pass all gates; undefined
 * for an IP that nobody can announce.
 */
export function predictAnnouncers(
  inputs: ElectionInputs,
): ReadonlyMap<IpAddress, string | undefined> {
  const { classes, children, metallb, slices, epochMs } = inputs;
  const slicesByService = groupBy(slices, ({ service }) => service);
  const ofServices = metallb.held.map(({ holding }) => holding);
  const holdings = [...children.flatMap(holdingsOfChild), ...ofServices];
  const holdingsByIp = groupBy(holdings, ({ ip }) => ip);
  const policies = new Map([
    ...[...classes].map(([name, clazz]) => [name, policyOfClass(clazz)] as const),
    ...metallb.policies,
  ]);
  const electorates = new Map<string, Electorate>();
  const electorateOf = (group: string): Electorate | undefined => {
    const policy = policies.get(group);
    if (policy === undefined) return undefined;
    const electorate = electorates.get(group) ?? newElectorate(policy, inputs);
    electorates.set(group, electorate);
    return electorate;
  };
  const announcers = new Map<IpAddress, string | undefined>();
  for (const [ip, holdings] of holdingsByIp) {
    const duty = decideDuty({
      ip,
      holdings,
      epochMs,
      policyOf: (group) => policies.get(group),
      slicesOf: (service) => slicesByService.get(service) ?? [],
    });
    announcers.set(ip, 'refusal' in duty ? undefined : winnerOf(duty, electorateOf, inputs));
  }
  return announcers;
}

function newElectorate(policy: GroupPolicy, inputs: ElectionInputs): Electorate {
  const { nodes, epochMs } = inputs;
  return new Electorate(
    viewGroup(policy, nodes, { epochMs, connected: true }).group,
    viewOf(inputs),
  );
}

function winnerOf(
  duty: Duty,
  electorateOf: (group: string) => Electorate | undefined,
  { nodes, down }: ElectionInputs,
): string | undefined {
  const { winner } = electorateOf(duty.group)?.rank(duty) ?? {};
  if (winner !== undefined) return winner;
  // A leaver without successor goes on (network rule 24).
  const last = nodes.find(({ metadata }) => metadata.name === duty.lastAnnouncer);
  return last?.draining && !down.has(last.metadata.name) ? last.metadata.name : undefined;
}

function viewOf({ nodes, down }: ElectionInputs): SegmentView {
  const draining = new Set(
    nodes.filter((node) => node.draining).map(({ metadata }) => metadata.name),
  );
  return {
    node: (name) => ({
      present: !down.has(name) && !draining.has(name),
      state: 'eligible',
      failedGates: { dataplane: false, reachability: false },
    }),
    isInSubnetOf: () => true,
    electsStatically: () => false,
  };
}

function groupBy<T, Key>(items: readonly T[], keyOfItem: (item: T) => Key): Map<Key, T[]> {
  const groups = new Map<Key, T[]>();
  for (const item of items) {
    const key = keyOfItem(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}
