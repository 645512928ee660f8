import type { Announcer } from '../api/announcer.ts';
import type { EndpointSlice } from '../api/endpoint-slice.ts';
import type { IpAddress } from '../net/ip.ts';
import { parseTimestamp } from '../time/clock.ts';
import { type Duty, RECENT_MOVES_MS } from './duty.ts';
import { failbackAt } from './failback-window.ts';
import type { GroupPolicy } from './group-policy.ts';
import { type Holding, oldestHolding } from './holding.ts';
import { rankEndpoints, rankForAll } from './local-endpoints.ts';
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
  if (oldest === undefined || policy === undefined) {
    return { refusal: `class ${oldest?.group} does not exist and was never seen here` };
  }
  const sharers = sharersOf(inputs);
  const interfaces = sharedInterfaces(sharers);
  if (interfaces === undefined) return { refusal: noCommonInterface(ip, sharers) };
  const announcer = latestAnnouncer(holdings);
  return {
    ip,
    group: policy.id,
    interfaces,
    bySubnet: holdings.some(({ group }) => policyOf(group)?.bySubnet),
    preferredNode: oldest.preferredNode,
    localEndpoints: sharedEndpoints(inputs),
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

/**
 * Network rule 23: fabrics that learn addresses freeze one that moves five times in three minutes, so after three
 * moves the next voluntary one waits. Takeovers never do.
 */
function hasMovedEnough(announcer: Announcer | undefined, epochMs: number): boolean {
  const since = sinceOf(announcer);
  return (announcer?.recentMoves ?? 0) >= MAX_RECENT_MOVES && epochMs - since < RECENT_MOVES_MS;
}

/** Of the newest of all objects that have a say in who is elected. */
function versionOf({ holdings, slicesOf }: DutyInputs, { version }: GroupPolicy): number {
  const slices = holdings.flatMap(({ service }) => [...slicesOf(service)]);
  const versions = [...holdings, ...slices.map(({ metadata }) => metadata)];
  return Math.max(version, ...versions.map(({ resourceVersion }) => Number(resourceVersion)));
}

function sharersOf({ holdings, policyOf }: DutyInputs): Sharer[] {
  return holdings.map(({ holder, group }) => ({
    child: holder,
    className: group,
    interfaces: policyOf(group)?.interfaces ?? [],
  }));
}

function sharedEndpoints(inputs: DutyInputs): Duty['localEndpoints'] {
  const services = inputs.holdings
    .filter(({ externalTrafficPolicy }) => externalTrafficPolicy === 'Local')
    .map(({ service }) => rankEndpoints(inputs.slicesOf(service)));
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
