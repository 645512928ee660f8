import { type IpAddress, parseIp } from '../net/ip.ts';
import { memberOf, type Place, problemAt } from './fields.ts';
import { ANNOTATION } from './names.ts';
import type { Problem } from './problem.ts';

/** What our annotations on a Service ask for, and the deprecated field that one of them stands in for. */
export interface ServiceWishes {
  readonly classAnnotation: string | undefined;
  /** `undefined` where it can't be understood. */
  readonly count: number | 'auto' | undefined;
  readonly requestedIps: readonly (IpAddress | undefined)[];
  readonly sharedIpKey: string | undefined;
  readonly forceAddress: boolean;
  readonly problems: readonly Problem[];
}

/** More is a slip of the keyboard that would fill the cluster with children. */
const MAX_COUNT = 1_000;
const DEFAULT_COUNT = 1;
/** MetalLB's sharing key: Services that share an IP there go on sharing it under a class. */
export const METALLB_SHARED_IP_KEYS = [
  'metallb.io/allow-shared-ip',
  'metallb.universe.tf/allow-shared-ip',
] as const;
/** The strongest first. Deckhouse 1.67 to 1.69 spelled it otherwise. */
const SHARED_IP_KEYS = [
  ANNOTATION.sharedIpKey,
  'network.deckhouse.io/load-balancer-allow-shared-ip',
  'network.deckhouse.io/allow-shared-ip',
  ...METALLB_SHARED_IP_KEYS,
] as const;

interface WrittenWishes {
  readonly annotations: Readonly<Record<string, string>>;
  readonly loadBalancerIP: string | undefined;
}

/**
 * Understands the annotations of a Service. One that is wrong is a problem, and its default stands in or what there is
 * stays: a typo must not take a Service's IPs away.
 */
export function readServiceWishes(
  { annotations, loadBalancerIP }: WrittenWishes,
  service: Place,
): ServiceWishes {
  const placeOf = (name: string) =>
    memberOf(memberOf(memberOf(service, 'metadata'), 'annotations'), name);
  const count = readCount(
    annotations[ANNOTATION.externalIpsCount],
    placeOf(ANNOTATION.externalIpsCount),
  );
  const requested =
    annotations[ANNOTATION.requestedIps] === undefined
      ? readRequestedIps(loadBalancerIP, memberOf(memberOf(service, 'spec'), 'loadBalancerIP'))
      : readRequestedIps(annotations[ANNOTATION.requestedIps], placeOf(ANNOTATION.requestedIps));
  const force = readForce(annotations[ANNOTATION.forceAddress], placeOf(ANNOTATION.forceAddress));
  return {
    classAnnotation: readName(annotations[ANNOTATION.class]),
    count: count.value,
    requestedIps: requested.value,
    sharedIpKey: SHARED_IP_KEYS.map((name) => readName(annotations[name])).find(Boolean),
    forceAddress: force.value,
    problems: [...count.problems, ...requested.problems, ...force.problems],
  };
}

/** A value that is always usable, and what had to be overlooked for it. */
interface Reading<T> {
  readonly value: T;
  readonly problems: readonly Problem[];
}

function readCount(written: string | undefined, place: Place): Reading<ServiceWishes['count']> {
  const trimmed = written?.trim();
  if (trimmed === undefined) return { value: DEFAULT_COUNT, problems: [] };
  if (trimmed === 'auto') return { value: 'auto', problems: [] };
  const count = /^\d+$/.test(trimmed) ? Number(trimmed) : 0;
  if (count >= 1 && count <= MAX_COUNT) return { value: count, problems: [] };
  const expected = `expected an integer from 1 to ${MAX_COUNT}, or auto; a Service keeps as many as it has, a new one gets ${DEFAULT_COUNT}`;
  return { value: undefined, problems: [problemAt(place, written, expected)] };
}

/** Item i is for child i, so what can't be used leaves a gap instead of moving the others. */
function readRequestedIps(
  written: string | undefined,
  place: Place,
): Reading<readonly (IpAddress | undefined)[]> {
  if (written === undefined || written.trim() === '') return { value: [], problems: [] };
  const value: (IpAddress | undefined)[] = [];
  const problems: Problem[] = [];
  const items = written.split(',', MAX_COUNT + 1);
  if (items.length > MAX_COUNT) {
    items.pop();
    const expected = `expected at most ${MAX_COUNT} addresses; the others are skipped`;
    problems.push(problemAt(place, written, expected));
  }
  for (const item of items.map((part) => part.trim())) {
    const ip = parseIp(item);
    const fault = item === '' ? undefined : faultOf(ip, value);
    if (fault !== undefined) problems.push(problemAt(place, item, fault));
    value.push(fault === undefined ? ip : undefined);
  }
  return { value, problems };
}

function faultOf(
  ip: IpAddress | undefined,
  earlier: readonly (IpAddress | undefined)[],
): string | undefined {
  if (ip === undefined) return 'expected IP addresses separated by commas; this one is skipped';
  return earlier.includes(ip) ? 'expected each address once; the repetition is skipped' : undefined;
}

/** What takes an address from another host must be meant: no spelling but these two. */
function readForce(written: string | undefined, place: Place): Reading<boolean> {
  const value = written === 'true';
  if (value || written === undefined || written === 'false') return { value, problems: [] };
  return { value, problems: [problemAt(place, written, 'expected true or false; false is used')] };
}

function readName(written: string | undefined): string | undefined {
  const trimmed = written?.trim();
  return trimmed === '' ? undefined : trimmed;
}
