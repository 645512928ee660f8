import { familyOf, type IpFamily } from '../net/ip.ts';
import { AFI, SAFI_UNICAST } from './bgp-capabilities.ts';
import { BGP_HEADER_BYTES, BGP_MESSAGE, encodeBgpMessage } from './bgp-message.ts';
import {
  ATTRIBUTE,
  type BgpPath,
  encodeNextHop,
  encodePath,
  FLAG,
  joined,
  nextHopBytes,
  type PathEncoding,
} from './bgp-path.ts';
import { ByteWriter } from './byte-writer.ts';

/** How the peer takes UPDATEs. */
export interface UpdateEncoding extends PathEncoding {
  /** Octets of a message; 4,096 or 65,535. */
  readonly maxLength: number;
}

/** Withdrawn Routes Length and Total Path Attribute Length. */
const LENGTHS = 4;
/** Flags, type and two octets of length. */
const LONG_ATTRIBUTE = 4;
/** AFI and SAFI. */
const UNREACH_HEAD = 3;

/**
 * UPDATEs that announce all these prefixes on one path, as many in each as fit. IPv4 prefixes with an IPv4 next hop
 * are in the message itself, all others in MP_REACH_NLRI (RFC 4760, 8950).
 * @param prefixes as `encodePrefix` has them, none longer than there is room for
 */
export function encodeAnnouncements(
  path: BgpPath,
  family: IpFamily,
  prefixes: readonly Uint8Array[],
  encoding: UpdateEncoding,
): Uint8Array[] {
  const { attributes, reach, room } = announcement(path, family, encoding);
  if (reach === undefined)
    return inBatches(prefixes, room, (nlri) => update(new Uint8Array(), attributes, nlri));
  return inBatches(prefixes, room, (nlri) => {
    const value = joined([reach, nlri]);
    return update(new Uint8Array(), joined([longAttribute(ATTRIBUTE.mpReach, value), attributes]));
  });
}

/** Octets of prefixes that a message has room for on this path; negative where not even the path has it. */
export function roomForPrefixes(path: BgpPath, family: IpFamily, encoding: UpdateEncoding): number {
  return announcement(path, family, encoding).room;
}

/** All of a message but the prefixes; without `reach` these follow the attributes. */
function announcement(path: BgpPath, family: IpFamily, encoding: UpdateEncoding) {
  const attributes = encodePath(path, encoding);
  const left = encoding.maxLength - BGP_HEADER_BYTES - LENGTHS;
  if (family === 'IPv4' && familyOf(path.nextHop.global) === 'IPv4') {
    const all = joined([attributes, encodeNextHop(path.nextHop)]);
    return { attributes: all, reach: undefined, room: left - all.length };
  }
  const reach = reachHeader(family, nextHopBytes(path.nextHop));
  return { attributes, reach, room: left - attributes.length - LONG_ATTRIBUTE - reach.length };
}

/**
 * UPDATEs that withdraw these prefixes.
 * @param inMessage they are IPv4 and were announced in the message itself
 */
export function encodeWithdrawals(
  family: IpFamily,
  prefixes: readonly Uint8Array[],
  encoding: Pick<UpdateEncoding, 'maxLength'>,
  inMessage: boolean,
): Uint8Array[] {
  const room = roomForWithdrawals(encoding, inMessage);
  if (inMessage) return inBatches(prefixes, room, (nlri) => update(nlri, new Uint8Array()));
  const head = new ByteWriter(UNREACH_HEAD).u16(AFI[family]).u8(SAFI_UNICAST).finish();
  return inBatches(prefixes, room, (nlri) =>
    update(new Uint8Array(), longAttribute(ATTRIBUTE.mpUnreach, joined([head, nlri]))),
  );
}

/** Octets of prefixes that a message has room for. */
export function roomForWithdrawals(
  { maxLength }: Pick<UpdateEncoding, 'maxLength'>,
  inMessage: boolean,
): number {
  const room = maxLength - BGP_HEADER_BYTES - LENGTHS;
  return inMessage ? room : room - LONG_ATTRIBUTE - UNREACH_HEAD;
}

/** How many of the prefixes fill messages; those after them are in one that has room for more. */
export function countInFullMessages(prefixes: readonly Uint8Array[], room: number): number {
  return startsOfMessages(prefixes, room).at(-1) ?? 0;
}

/** All that there is of a family has been sent (RFC 4724 §2). */
export function encodeEndOfRib(family: IpFamily): Uint8Array {
  if (family === 'IPv4') return update(new Uint8Array(), new Uint8Array());
  const head = new ByteWriter(UNREACH_HEAD).u16(AFI[family]).u8(SAFI_UNICAST).finish();
  const unreach = joined([Uint8Array.of(FLAG.optional, ATTRIBUTE.mpUnreach, head.length), head]);
  return update(new Uint8Array(), unreach);
}

function reachHeader(family: IpFamily, nextHop: Uint8Array): Uint8Array {
  return new ByteWriter(5 + nextHop.length)
    .u16(AFI[family])
    .u8(SAFI_UNICAST)
    .u8(nextHop.length)
    .bytes(nextHop)
    .u8(0)
    .finish();
}

function longAttribute(type: number, value: Uint8Array): Uint8Array {
  return new ByteWriter(LONG_ATTRIBUTE + value.length)
    .u8(FLAG.optional | FLAG.extendedLength)
    .u8(type)
    .u16(value.length)
    .bytes(value)
    .finish();
}

function update(
  withdrawn: Uint8Array,
  attributes: Uint8Array,
  nlri: Uint8Array = new Uint8Array(),
): Uint8Array {
  const body = new ByteWriter(LENGTHS + withdrawn.length + attributes.length + nlri.length)
    .u16(withdrawn.length)
    .bytes(withdrawn)
    .u16(attributes.length)
    .bytes(attributes)
    .bytes(nlri)
    .finish();
  return encodeBgpMessage(BGP_MESSAGE.update, body);
}

function inBatches(
  prefixes: readonly Uint8Array[],
  room: number,
  encode: (nlri: Uint8Array) => Uint8Array,
): Uint8Array[] {
  const starts = startsOfMessages(prefixes, room);
  return starts.map((start, at) => encode(joined(prefixes.slice(start, starts[at + 1]))));
}

/** Where in the prefixes each message begins. */
function startsOfMessages(prefixes: readonly Uint8Array[], room: number): number[] {
  const starts: number[] = [];
  let left = 0;
  prefixes.forEach(({ length }, at) => {
    if (at === 0 || length > left) {
      starts.push(at);
      left = room;
    }
    left -= length;
  });
  return starts;
}
