import { familyOf, type IpAddress } from '../net/ip.ts';
import {
  absentAs,
  accept,
  type Field,
  integer,
  into,
  ipAddress,
  listOf,
  optional,
  refine,
  refuse,
  text,
  word,
} from './fields.ts';
import { parseGoDuration } from './go-duration.ts';

/** What kinds of BGP have in common, whoever's they are. */

export const MAX_ASN = 4_294_967_295;
export const MAX_LOCAL_PREF = 4_294_967_295;
export const BGP_PORT = 179;
export const DEFAULT_HOLD_SECONDS = 90;
const MAX_SECONDS = 65_535;
const SHORTEST_HOLD_SECONDS = 3;

export const asn: Field<number> = integer(1, MAX_ASN);

/** A duration as Go writes it, in whole seconds. */
export function secondsUpTo(max: number): Field<number> {
  return refine(text, (written, place) => {
    const read = parseGoDuration(written);
    return read !== undefined && read <= max
      ? accept(read)
      : refuse(place, written, `expected a duration such as 90s or 1m30s, at most ${max}s`);
  });
}

/** As OPEN messages have room for (RFC 4271 §4.2). */
export const seconds: Field<number> = secondsUpTo(MAX_SECONDS);

/** 0: a session lives for ever without a message. RFC 4271 §4.2 has no other below three seconds. */
export const holdTime: Field<number> = (value, place) =>
  refine(seconds, (read) =>
    read >= SHORTEST_HOLD_SECONDS || !/[1-9]/.test(String(value))
      ? accept(read)
      : refuse(place, value, `expected 0s, or at least ${SHORTEST_HOLD_SECONDS}s`),
  )(value, place);

/** As router IDs are written. */
export const ipv4Address: Field<IpAddress> = refine(ipAddress, (ip, place) =>
  familyOf(ip) === 'IPv4' ? accept(ip) : refuse(place, ip, 'expected an IPv4 address'),
);

/** What routes carry, and to whom they go. */
export interface RouteWishes {
  readonly aggregationLength: number;
  readonly aggregationLengthV6: number;
  /** Undefined: the router's own default. */
  readonly localPref: number | undefined;
  /** As written: values, or names of Community objects. */
  readonly communities: readonly string[];
  /** Names of BGPPeers; none means all. */
  readonly peers: readonly string[];
  /** How often the own AS stands in the path once more, to routers of other ASs. */
  readonly asPathPrepend?: number | undefined;
  /** MULTI_EXIT_DISC of RFC 4271 §5.1.4; absent: none. */
  readonly med?: number | undefined;
  /** Bits per second for each endpoint that serves on the node; absent: routers are told nothing of it. */
  readonly linkBandwidth?: number | undefined;
}

/** The prefix lengths of whole addresses. */
export const WHOLE = { v4: 32, v6: 128 };

/** As a table, for kinds that have more fields beside them. */
export const routeWishes = {
  aggregationLength: absentAs(WHOLE.v4, integer(1, WHOLE.v4)),
  aggregationLengthV6: absentAs(WHOLE.v6, integer(1, WHOLE.v6)),
  // MetalLB's 0 is none.
  localPref: into(optional(integer(0, MAX_LOCAL_PREF)), (read) => read || undefined),
  communities: absentAs([], listOf(word)),
  peers: absentAs([], listOf(word)),
};

/** More than any path has that somebody prefers. */
export const MAX_PREPEND = 10;
export const MAX_MED = 4_294_967_295;
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** Bits per second, as a Kubernetes quantity without fractions. */
export const bandwidth: Field<number> = refine(text, (written, place) => {
  const [, digits = '', unit = ''] = /^([1-9][0-9]{0,5})([kMGT]?)$/.exec(written) ?? [];
  return digits === ''
    ? refuse(place, written, 'expected bits per second, such as 10G or 2500M')
    : accept(Number(digits) * (UNITS[unit] ?? 1));
});
