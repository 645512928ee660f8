import type { IpFamily } from '../net/ip.ts';
import { familyOfAfi } from './bgp-capabilities.ts';
import { BGP_REASON, BgpError } from './bgp-error.ts';
import { MAX_NOTIFICATION_DATA } from './bgp-message.ts';
import { ATTRIBUTE, FLAG } from './bgp-path.ts';
import { countPrefixes } from './bgp-prefix.ts';
import { ByteReader } from './byte-reader.ts';

/** What a peer's UPDATE says, as far as a speaker that takes no routes wants to know. */
export interface BgpUpdate {
  readonly announced: number;
  readonly withdrawn: number;
  /** The family of which all has been sent (RFC 4724 §2). */
  readonly endOfRib: IpFamily | undefined;
  /** Why what it announces counts as withdrawn instead (RFC 7606 §2). */
  readonly fault: string | undefined;
}

/** What is known of the session. */
export interface UpdateContext {
  readonly fourOctetAsn: boolean;
  /** Of another AS. */
  readonly isExternal: boolean;
}

interface Attribute {
  readonly flags: number;
  readonly type: number;
  readonly value: Uint8Array;
  /** With all that stands before the value. */
  readonly whole: Uint8Array;
}

/** Optional and transitive as each must be; others may be what they like. */
const FLAGS: Readonly<Record<number, number>> = {
  [ATTRIBUTE.origin]: FLAG.transitive,
  [ATTRIBUTE.asPath]: FLAG.transitive,
  [ATTRIBUTE.nextHop]: FLAG.transitive,
  [ATTRIBUTE.med]: FLAG.optional,
  [ATTRIBUTE.localPref]: FLAG.transitive,
  [ATTRIBUTE.communities]: FLAG.optional | FLAG.transitive,
  [ATTRIBUTE.originatorId]: FLAG.optional,
  [ATTRIBUTE.clusterList]: FLAG.optional,
  [ATTRIBUTE.mpReach]: FLAG.optional,
  [ATTRIBUTE.mpUnreach]: FLAG.optional,
  [ATTRIBUTE.extendedCommunities]: FLAG.optional | FLAG.transitive,
  [ATTRIBUTE.largeCommunities]: FLAG.optional | FLAG.transitive,
};

/** Whatever another AS says in them is discarded, and nothing is wrong with the route (RFC 7606 §7.5, 7.9, 7.10). */
const INTERNAL: ReadonlySet<number> = new Set([
  ATTRIBUTE.localPref,
  ATTRIBUTE.originatorId,
  ATTRIBUTE.clusterList,
]);

/** Why a value is none, by type (RFC 7606 §7). What is only discarded there is passed over here. */
const FAULTS: Readonly<
  Record<number, (value: Uint8Array, context: UpdateContext) => string | undefined>
> = {
  [ATTRIBUTE.origin]: (value) =>
    value.length === 1 && (value[0] ?? 3) <= 2
      ? undefined
      : 'ORIGIN is none of IGP, EGP, INCOMPLETE',
  [ATTRIBUTE.asPath]: (value, { fourOctetAsn }) => asPathFault(value, fourOctetAsn),
  [ATTRIBUTE.nextHop]: (value) => (value.length === 4 ? undefined : 'NEXT_HOP has not four octets'),
  [ATTRIBUTE.med]: (value) =>
    value.length === 4 ? undefined : 'MULTI_EXIT_DISC has not four octets',
  [ATTRIBUTE.localPref]: (value) =>
    value.length === 4 ? undefined : 'LOCAL_PREF has not four octets',
  [ATTRIBUTE.communities]: (value) => fullOf(value, 4, 'COMMUNITIES'),
  [ATTRIBUTE.originatorId]: (value) =>
    value.length === 4 ? undefined : 'ORIGINATOR_ID has not four octets',
  [ATTRIBUTE.clusterList]: (value) => fullOf(value, 4, 'CLUSTER_LIST'),
  [ATTRIBUTE.extendedCommunities]: (value) => fullOf(value, 8, 'EXTENDED_COMMUNITIES'),
  [ATTRIBUTE.largeCommunities]: (value) => fullOf(value, 12, 'LARGE_COMMUNITY'),
};

/**
 * Reads an UPDATE. Faults in attributes cost its routes and not the session (RFC 7606).
 * @throws BgpError where not even the prefixes can be found
 */
export function decodeUpdate(body: Uint8Array, context: UpdateContext): BgpUpdate {
  const reader = new ByteReader(body, 'BGP UPDATE');
  const withdrawnField = section(reader, 'withdrawn routes');
  const attributesField = section(reader, 'path attributes');
  const nlri = reader.rest();
  const isEmpty = withdrawnField.length + attributesField.length + nlri.length === 0;
  const { attributes, overrun } = splitAttributes(attributesField);
  const reach = only(attributes, ATTRIBUTE.mpReach);
  const unreach = only(attributes, ATTRIBUTE.mpUnreach);
  const announcedHere = countPrefixes(new ByteReader(nlri, 'NLRI'), 'IPv4');
  const announced = announcedHere + (reach === undefined ? 0 : countReached(reach));
  const gone = unreach === undefined ? undefined : countUnreached(unreach);
  const fault =
    overrun ?? faultOf(attributes, context) ?? missing(attributes, announcedHere, announced);
  const isEndOfRib = gone?.count === 0 && attributes.length === 1 && announced === 0;
  return {
    announced: fault === undefined ? announced : 0,
    withdrawn:
      countPrefixes(new ByteReader(withdrawnField, 'withdrawn routes'), 'IPv4') +
      (gone?.count ?? 0) +
      (fault === undefined ? 0 : announced),
    endOfRib: isEmpty ? 'IPv4' : isEndOfRib ? gone?.family : undefined,
    fault: announced > 0 ? fault : undefined,
  };
}

function section(reader: ByteReader, what: string): Uint8Array {
  if (reader.remaining < 2) {
    throw new BgpError(BGP_REASON.malformedAttributes, `the length of ${what} is cut off`);
  }
  const length = reader.u16();
  if (length > reader.remaining) {
    throw new BgpError(
      BGP_REASON.malformedAttributes,
      `${length} bytes of ${what}, ${reader.remaining} there`,
    );
  }
  return reader.bytes(length);
}

function splitAttributes(field: Uint8Array): {
  readonly attributes: readonly Attribute[];
  readonly overrun: string | undefined;
} {
  const reader = new ByteReader(field, 'path attributes');
  const attributes: Attribute[] = [];
  while (reader.remaining > 0) {
    if (reader.remaining < 3) return { attributes, overrun: 'an attribute is cut off' };
    const start = field.length - reader.remaining;
    const flags = reader.u8();
    const type = reader.u8();
    const isLong = (flags & FLAG.extendedLength) !== 0;
    if (isLong && reader.remaining < 2) return { attributes, overrun: 'an attribute is cut off' };
    const length = isLong ? reader.u16() : reader.u8();
    if (length > reader.remaining) {
      return { attributes, overrun: `attribute ${type} of ${length} bytes is cut off` };
    }
    const value = reader.bytes(length);
    const whole = field.subarray(start, field.length - reader.remaining);
    attributes.push({ flags, type, value, whole });
  }
  return { attributes, overrun: undefined };
}

/** RFC 7606 §3 (g): one that carries prefixes must not come twice; of others the first counts. */
function only(attributes: readonly Attribute[], type: number): Attribute | undefined {
  const [first, second] = attributes.filter((each) => each.type === type);
  if (second !== undefined) {
    throw new BgpError(BGP_REASON.malformedAttributes, `attribute ${type} comes twice`);
  }
  return first;
}

function countReached({ value }: Attribute): number {
  const reader = new ByteReader(value, 'MP_REACH_NLRI');
  if (value.length < 5) throw new BgpError([3, 9], 'MP_REACH_NLRI is cut off');
  const family = familyOfAfi(reader.u16(), reader.u8());
  const nextHop = reader.u8();
  if (nextHop + 1 > reader.remaining)
    throw new BgpError([3, 9], 'the next hop of MP_REACH_NLRI is cut off');
  reader.skip(nextHop + 1);
  // What was not negotiated is passed over.
  return family === undefined ? 0 : countPrefixes(reader, family);
}

function countUnreached({ value }: Attribute): {
  readonly family: IpFamily | undefined;
  readonly count: number;
} {
  const reader = new ByteReader(value, 'MP_UNREACH_NLRI');
  if (value.length < 3) throw new BgpError([3, 9], 'MP_UNREACH_NLRI is cut off');
  const family = familyOfAfi(reader.u16(), reader.u8());
  return { family, count: family === undefined ? 0 : countPrefixes(reader, family) };
}

function faultOf(attributes: readonly Attribute[], context: UpdateContext): string | undefined {
  const seen = new Set<number>();
  for (const { flags, type, value, whole } of attributes) {
    if (seen.has(type)) continue;
    seen.add(type);
    if (context.isExternal && INTERNAL.has(type)) continue;
    const wanted = FLAGS[type];
    if (wanted === undefined && (flags & FLAG.optional) === 0 && !isPassedOver(type)) {
      const data = whole.subarray(0, MAX_NOTIFICATION_DATA);
      throw new BgpError([3, 2], `well-known attribute ${type} is unknown`, data);
    }
    if (wanted !== undefined && (flags & (FLAG.optional | FLAG.transitive)) !== wanted) {
      return `attribute ${type} has the flags ${flags}`;
    }
    const fault = FAULTS[type]?.(value, context);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Malformed, they are discarded and all else stays (RFC 7606 §7.6, 7.7). */
function isPassedOver(type: number): boolean {
  return type === ATTRIBUTE.atomicAggregate || type === ATTRIBUTE.aggregator;
}

function missing(
  attributes: readonly Attribute[],
  announcedHere: number,
  announced: number,
): string | undefined {
  if (announced === 0) return undefined;
  const has = (type: number) => attributes.some((each) => each.type === type);
  if (!has(ATTRIBUTE.origin)) return 'ORIGIN is missing';
  if (!has(ATTRIBUTE.asPath)) return 'AS_PATH is missing';
  return announcedHere > 0 && !has(ATTRIBUTE.nextHop) ? 'NEXT_HOP is missing' : undefined;
}

/** RFC 4271 §6.3, 5065: segments of sets, sequences and their confederation forms. */
function asPathFault(value: Uint8Array, fourOctets: boolean): string | undefined {
  const reader = new ByteReader(value, 'AS_PATH');
  while (reader.remaining > 0) {
    if (reader.remaining < 2) return 'AS_PATH is cut off';
    const type = reader.u8();
    const length = reader.u8() * (fourOctets ? 4 : 2);
    if (type < 1 || type > 4) return `AS_PATH has a segment of type ${type}`;
    if (length === 0 || length > reader.remaining) return 'AS_PATH has a segment that is cut off';
    reader.skip(length);
  }
  return undefined;
}

function fullOf(value: Uint8Array, size: number, name: string): string | undefined {
  return value.length > 0 && value.length % size === 0
    ? undefined
    : `${name} has ${value.length} octets`;
}
