import type { Announcer } from '../api/announcer.ts';
import type { Child } from '../api/child.ts';
import type { EndpointSlice } from '../api/endpoint-slice.ts';
import type { MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import { keyOf } from '../api/object.ts';
import type { IpAddress } from '../net/ip.ts';
import { parseTimestamp } from '../time/clock.ts';
import { type Duty, RECENT_MOVES_MS } from './duty.ts';
import { failbackAt } from './failback-window.ts';
import { rankEndpoints, rankForAll } from './local-endpoints.ts';
import { noCommonInterface, type Sharer, sharedInterfaces } from './shared-interfaces.ts';

const MAX_RECENT_MOVES = 3;

/** All that decides what there is to do for one IP. */
export interface DutyInputs {
  readonly ip: IpAddress;
  /** The children that have this IP, at least one: sharers if more. */
  readonly children: readonly Child[];
  readonly classNamed: (name: string) => MetalLoadBalancerClass | undefined;
  slicesOf(service: string): Iterable<EndpointSlice>;
  readonly epochMs: number;
}

/** Why nobody can announce an IP, in words. */
export interface DutyRefusal {
  readonly refusal: string;
}

/** The child whose class and preferred node count for all sharers of its IP (network rule 10). */
export function oldestChild(children: readonly Child[]): Child | undefined {
  return [...children].sort(byAge)[0];
}

/** The duty for one IP, the same on every node of its group. */
export function decideDuty(inputs: DutyInputs): Duty | DutyRefusal {
  const { ip, children, epochMs } = inputs;
  const oldest = oldestChild(children);
  const clazz = oldest && inputs.classNamed(oldest.className);
  if (oldest === undefined || clazz === undefined) {
    return { refusal: `class ${oldest?.className} does not exist and was never seen here` };
  }
  const sharers = sharersOf(inputs);
  const interfaces = sharedInterfaces(sharers);
  if (interfaces === undefined) return { refusal: noCommonInterface(ip, sharers) };
  const announcer = latestAnnouncer(children);
  return {
    ip,
    group: clazz.metadata.name,
    interfaces,
    bySubnet: children.some(
      ({ className }) => inputs.classNamed(className)?.spec.l2.interfaceSelection === 'BySubnet',
    ),
    preferredNode: oldest.preferredNode,
    localEndpoints: sharedEndpoints(inputs),
    lastAnnouncer: announcer?.node,
    probing: announcer === undefined ? 'optimistic' : 'none',
    since: versionOf(inputs, clazz),
    forced: children.some(({ forceAddress }) => forceAddress),
    failback: hasMovedEnough(announcer, epochMs)
      ? 'withheld'
      : failbackAt(clazz.spec.l2.failback, epochMs),
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
function versionOf({ children, slicesOf }: DutyInputs, clazz: MetalLoadBalancerClass): number {
  const slices = children.flatMap(({ serviceRef }) => [...slicesOf(keyOf(serviceRef))]);
  const versions = [clazz, ...children, ...slices].map(({ metadata }) => metadata.resourceVersion);
  return Math.max(...versions.map(Number));
}

function sharersOf({ children, classNamed }: DutyInputs): Sharer[] {
  return children.map(({ metadata, className }) => ({
    child: keyOf(metadata),
    className,
    interfaces: classNamed(className)?.spec.l2.interfaces ?? [],
  }));
}

function sharedEndpoints(inputs: DutyInputs): Duty['localEndpoints'] {
  const services = inputs.children
    .filter(({ externalTrafficPolicy }) => externalTrafficPolicy === 'Local')
    .map(({ serviceRef }) => rankEndpoints(inputs.slicesOf(keyOf(serviceRef))));
  return services.length === 0 ? undefined : Object.fromEntries(rankForAll(services));
}

function latestAnnouncer(children: readonly Child[]): Announcer | undefined {
  return children
    .flatMap(({ status }) => (status.announcer === undefined ? [] : [status.announcer]))
    .sort((a, b) => sinceOf(b) - sinceOf(a))[0];
}

function sinceOf(announcer: Announcer | undefined): number {
  return announcer === undefined ? 0 : (parseTimestamp(announcer.since) ?? 0);
}

function byAge(a: Child, b: Child): number {
  const ages = [a, b].map(({ metadata }) => `${metadata.creationTimestamp} ${metadata.uid}`);
  return (ages[0] ?? '') < (ages[1] ?? '') ? -1 : 1;
}
