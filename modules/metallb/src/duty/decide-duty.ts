import type { Announcer } from '../api/announcer.ts';
import type { EndpointSlice } from '../api/endpoint-slice.ts';
import type { IpAddress } from '../net/ip.ts';
import { parseTimestamp } from '../time/clock.ts';
import { type Duty, RECENT_MOVES_MS } from './duty.ts';
import { failbackAt } from './failback-window.ts';
import type { GroupPolicy } from './group-policy.ts';
import { type Holding, oldestHolding } from './holding.ts';
import {
  isServed,
  nodeOfAllReady,
  rankEndpoints,
  rankForAll,
  slicesFor,
} from './local-endpoints.ts';
import { noCommonInterface, type Sharer, sharedInterfaces } from './shared-interfaces.ts';

const MAX_RECENT_MOVES = 3;

/** All that decides what there is to do for one IP. */
export interface DutyInputs {
  readonly ip: IpAddress;
  /** Of this IP, at least one: sharers if more. */
  readonly holdings: readonly Holding[];
  readonly policyOf: (group: string) => GroupPolicy | undefined;
  slicesOf(service: string): Iterable<EndpointSlice>;
  readonly epochMs: number;
}

/** Why nobody can announce an IP, in words. */
export interface DutyRefusal {
  readonly refusal: string;
}

/** The duty for one IP, the same on every node of its group. */
export function decideDuty(inputs: DutyInputs): Duty | DutyRefusal {
  const { ip, holdings, policyOf, epochMs } = inputs;
  const oldest = oldestHolding(holdings);
  const policy = oldest && policyOf(oldest.group);
  if (oldest === undefined || policy === undefined) return withoutGroup(oldest);
  const served = policy.needsEndpoints ? holdings.filter(isServedIn(inputs)) : holdings;
  if (served.length === 0) return unserved(ip, holdings);
  const interfaces = interfacesOf(inputs);
  if ('refusal' in interfaces) return interfaces;
  const announcer = latestAnnouncer(holdings);
  return {
    ip,
    group: policy.id,
    interfaces,
    bySubnet: holdings.some(({ group }) => policyOf(group)?.bySubnet),
    preferredNode: oldest.preferredNode ?? nodeToFollow(served, policy, inputs),
    localEndpoints: sharedEndpoints(served, inputs),
    lastAnnouncer: announcer?.node,
    probing: announcer === undefined ? 'optimistic' : 'none',
    since: versionOf(inputs, policy),
    forced: holdings.some(({ forceAddress }) => forceAddress),
    failback: hasMovedEnough(announcer, epochMs)
      ? 'withheld'
      : failbackAt(policy.failback, epochMs),
    recentMoves: announcer?.recentMoves ?? 0,
    lastMoveEpochMs: sinceOf(announcer),
  };
}

function withoutGroup(oldest: Holding | undefined): DutyRefusal {
  const unknown = `class ${oldest?.group} does not exist and was never seen here`;
  return { refusal: oldest?.refusal ?? unknown };
}

function isServedIn({ ip, slicesOf }: DutyInputs): (holding: Holding) => boolean {
  return ({ service }) => isServed(slicesFor(ip, slicesOf(service)));
}

function unserved(ip: IpAddress, holdings: readonly Holding[]): DutyRefusal {
  const services = holdings.map(({ service }) => service).join(', ');
  return {
    refusal: `no endpoint of Service ${services} serves: nobody answers for ${ip} until one does`,
  };
}

/** Interfaces that every node is limited to. What is a node's own has no common part: all must be of one group. */
function interfacesOf(inputs: DutyInputs): readonly string[] | DutyRefusal {
  const { ip, holdings, policyOf } = inputs;
  const limits = holdings.map(({ group }) => policyOf(group)?.interfaces ?? []);
  const groups = new Set(holdings.map(({ group }) => group));
  if (limits.includes('by-node')) {
    return groups.size === 1 ? [] : { refusal: differentGroups(ip, holdings) };
  }
  const sharers = sharersOf(inputs);
  return sharedInterfaces(sharers) ?? { refusal: noCommonInterface(ip, sharers) };
}

function differentGroups(ip: IpAddress, holdings: readonly Holding[]): string {
  const who = holdings.map(({ holder, group }) => `${holder} by ${group}`).sort();
  return `nobody answers for ${ip}, as those who share it are not announced alike (${who.join('; ')}): let spec.serviceSelectors of the L2Advertisements select all of them or none, or give them different addresses`;
}

/** The node that serves all of those who share the IP, where it is one alone. */
function nodeToFollow(
  served: readonly Holding[],
  { followsEndpoints }: GroupPolicy,
  { ip, slicesOf }: DutyInputs,
): string | undefined {
  if (!followsEndpoints) return undefined;
  return nodeOfAllReady(served.flatMap(({ service }) => slicesFor(ip, slicesOf(service))));
}

/**
 * Network rule 23: fabrics that learn addresses freeze one that moves five times in three minutes, so after three
 * moves the next voluntary one waits. Takeovers never do.
 */
function hasMovedEnough(announcer: Announcer | undefined, epochMs: number): boolean {
  const since = sinceOf(announcer);
  return (announcer?.recentMoves ?? 0) >= MAX_RECENT_MOVES && epochMs - since < RECENT_MOVES_MS;
}

/** Of the newest of all objects that have a say in who is elected. */
function versionOf({ holdings, slicesOf }: DutyInputs, policy: GroupPolicy): number {
  const slices = holdings.flatMap(({ service }) => [...slicesOf(service)]);
  const ofSlices = slices.map(({ metadata }) => Number(metadata.resourceVersion));
  return Math.max(policy.version, ...holdings.map(({ version }) => version), ...ofSlices);
}

function sharersOf({ holdings, policyOf }: DutyInputs): Sharer[] {
  return holdings.map(({ holder, group }) => {
    const interfaces = policyOf(group)?.interfaces ?? [];
    return {
      child: holder,
      className: group,
      interfaces: interfaces === 'by-node' ? [] : interfaces,
    };
  });
}

function sharedEndpoints(
  served: readonly Holding[],
  { ip, slicesOf }: DutyInputs,
): Duty['localEndpoints'] {
  const services = served
    .filter(({ externalTrafficPolicy }) => externalTrafficPolicy === 'Local')
    .map(({ service }) => rankEndpoints(slicesFor(ip, slicesOf(service))));
  return services.length === 0 ? undefined : Object.fromEntries(rankForAll(services));
}

function latestAnnouncer(holdings: readonly Holding[]): Announcer | undefined {
  return holdings
    .flatMap(({ announcer }) => announcer ?? [])
    .sort((a, b) => sinceOf(b) - sinceOf(a))[0];
}

function sinceOf(announcer: Announcer | undefined): number {
  return announcer === undefined ? 0 : (parseTimestamp(announcer.since) ?? 0);
}
