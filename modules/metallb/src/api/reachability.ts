import { type IpAddress, ipToBytes, parseIp } from '../net/ip.ts';
import {
  absentAs,
  accept,
  type Field,
  fields,
  integer,
  itemOf,
  listOf,
  memberOf,
  problemAt,
  refine,
  refuse,
} from './fields.ts';
import type { Parsed } from './problem.ts';

/** `gateway`: the default gateways of whichever interface is probed. */
export type ReachabilityTarget = 'gateway' | IpAddress;

/** `spec.l2.reachability`: what a node must reach from an interface to come first there. */
export interface Reachability {
  readonly targets: readonly ReachabilityTarget[];
  /** How many of them must answer. */
  readonly quorum: number;
  readonly periodSeconds: number;
  /** Rounds in a row. */
  readonly failureThreshold: number;
  readonly successThreshold: number;
}

const MAX_TARGETS = 8;
const MAX_PERIOD_SECONDS = 60;
/**
 * Nodes probe at moments of their own: with fewer rounds one would call a target gone before all others have missed a
 * single answer of it, and IPs would move although nobody reaches it.
 */
const MIN_THRESHOLD = 3;
const MAX_THRESHOLD = 60;

const target: Field<ReachabilityTarget> = (value, place) => {
  if (value === 'gateway') return accept(value);
  const ip = typeof value === 'string' ? parseIp(value) : undefined;
  return ip === undefined || !isUnicast(ip)
    ? refuse(place, value, 'expected gateway or the IP address of a host')
    : accept(ip);
};

const targets: Field<readonly ReachabilityTarget[]> = refine(
  listOf(target, MAX_TARGETS),
  (list, place) => {
    if (list.length === 0) {
      return refuse(place, list, 'expected at least one target such as gateway or 192.0.2.1');
    }
    const repeated = list.flatMap((one, index) =>
      list.indexOf(one) === index
        ? []
        : [problemAt(itemOf(place, index), one, 'expected each target once')],
    );
    return repeated.length > 0 ? { ok: false, problems: repeated } : accept(list);
  },
);

const threshold = integer(MIN_THRESHOLD, MAX_THRESHOLD);

/** Reads `spec.l2.reachability`. */
export const reachability: Field<Reachability> = refine(
  fields({
    targets,
    quorum: absentAs(1, integer(1, MAX_TARGETS)),
    periodSeconds: absentAs(1, integer(1, MAX_PERIOD_SECONDS)),
    failureThreshold: absentAs(3, threshold),
    successThreshold: absentAs(3, threshold),
  }),
  (read, place): Parsed<Reachability> => {
    const { length } = read.targets;
    if (read.quorum <= length) return accept(read);
    return refuse(
      memberOf(place, 'quorum'),
      read.quorum,
      `expected at most ${length}, as many as there are targets`,
    );
  },
);

/** Neither unspecified nor a group nor everybody. */
function isUnicast(ip: IpAddress): boolean {
  const bytes = ipToBytes(ip);
  const [first = 0] = bytes;
  const isIpv4 = bytes.length === 4;
  if (bytes.every((byte) => byte === 0)) return false;
  return isIpv4 ? first < 224 : first !== 0xff;
}
