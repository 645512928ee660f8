import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { familyOf, type IpAddress } from '../net/ip.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** UDP port of heartbeats. */
export const HEARTBEAT_PORT = 4225;
/** Largest UDP payload: with IPv6 and UDP headers it fits a link with the minimum MTU of 1,280 (network rule 14). */
export const MAX_HEARTBEAT_BYTES = 1_200;

const VERSION = 1;
const MAC_BYTES = 32;
const ID_BYTES = 8;
const KEY_ID_BYTES = 4;
const DIGEST_BYTES = 8;
/** What one byte counts. */
const MAX_LIST = 255;
const MAX_COVERED = 8;
const MAX_ADDRESSES = 4;
/** Of a Kubernetes name, and of the kernel's name of an interface. */
const MAX_NODE_BYTES = 253;
const MAX_INTERFACE_BYTES = 15;
/** Left for disputed IPs, whoever is witnessed, and however many are heard. */
const DISPUTED_ROOM = { besideWitnessed: 250, besideHeard: 100 };
/** Four in the file, and as many that were taken out of it a moment ago. */
const MAX_KEYS = 8;
const FLAG = { dataplane: 1, reachability: 2, deaf: 4, reaches: 8, heardInPart: 16 };

export const NODE_STATES = [
  'starting',
  'holding-down',
  'eligible',
  'leaving',
  'restarting',
] as const;
export type NodeState = (typeof NODE_STATES)[number];

/** Checks that this node fails: they rank it, in this order of weight (network rule 11). */
export interface Gates {
  readonly dataplane: boolean;
  readonly reachability: boolean;
}

/** An IP that the sender and a peer both announce, with what the sender's duty says (network rule 6). */
export interface DisputedIp {
  readonly ip: IpAddress;
  /** Eight bytes in hex. */
  readonly digest: string;
}

/** One sign of life of one node on one segment. Identifiers of eight bytes are 16 hex digits. */
export interface Heartbeat {
  readonly cluster: string;
  readonly node: string;
  readonly interface: string;
  /** Random at every start of the sender's liveness on this segment. */
  readonly incarnation: string;
  /** Grows by at least one with each frame of an incarnation. */
  readonly sequence: number;
  readonly intervalMs: number;
  readonly state: NodeState;
  readonly failedGates: Gates;
  /** The sender's reachability probes from this interface are answered: whoever fails its own may stand back for it. */
  readonly reaches: boolean;
  readonly revision: number;
  /** The sender's own addresses on this interface, which its kernel answers for. */
  readonly addresses: readonly IpAddress[];
  /** The sender receives nothing at all: that it does not list a node says nothing of the node (network rule 2). */
  readonly deaf: boolean;
  /** Incarnations that the sender hears. */
  readonly heard: readonly string[];
  /** As not all of them fit, heartbeats that follow each other name them in turn. */
  readonly heardInPart: boolean;
  /** Nodes (as `shortId`) whose IPs stay with them while they restart. */
  readonly covered: readonly string[];
  /** Eligible nodes (as `shortId`) that the sender has heard a moment ago, as many as fit (network rule 4). */
  readonly witnessed: readonly string[];
  readonly disputed: readonly DisputedIp[];
}

/** As it was read. */
export interface SignedHeartbeat extends Heartbeat {
  /** Ids of the keys that the sender holds, the one that signed this first. */
  readonly heldKeys: readonly string[];
}

export interface HeartbeatKey {
  /** First four bytes of the key's SHA-256, in hex. */
  readonly id: string;
  readonly secret: Uint8Array;
}

/** At least one, the newest first. */
export type HeartbeatKeys = readonly [HeartbeatKey, ...HeartbeatKey[]];

export type HeartbeatRefusal =
  | 'foreign-version'
  | 'foreign-cluster'
  | 'unknown-key'
  | 'bad-signature';

export function heartbeatKey(secret: Uint8Array): HeartbeatKey {
  return { id: sha256Hex(secret, KEY_ID_BYTES), secret };
}

/** Eight bytes that stand for a cluster id or a node name, in hex. */
export function shortId(text: string): string {
  return sha256Hex(text, ID_BYTES);
}

function sha256Hex(data: string | Uint8Array, length: number): string {
  return createHash('sha256').update(data).digest().subarray(0, length).toString('hex');
}

/**
 * At most `MAX_HEARTBEAT_BYTES`. What is heard and does not fit is named by one of the next heartbeats; disputed IPs that
 * don't fit are left out: the caller pages them in an order common to all nodes.
 * @param keys what the sender holds; the first one signs
 * @throws RangeError for a name that no node and no interface has
 */
export function encodeHeartbeat(heartbeat: Heartbeat, keys: HeartbeatKeys): Uint8Array {
  const [key] = keys;
  const heldKeys = keys.slice(0, MAX_KEYS).map(({ id }) => id);
  const without = fixedLength(heartbeat) + heldKeys.length * KEY_ID_BYTES;
  const heard = heardThatFit(heartbeat, without);
  const bare = without + heard.length * ID_BYTES;
  const heardInPart = heard.length < heartbeat.heard.length;
  const witnessed = witnessedThatFit(heartbeat.witnessed, bare);
  const fixed = bare + witnessed.length * ID_BYTES;
  const disputed = thatFit(heartbeat.disputed, MAX_HEARTBEAT_BYTES - MAC_BYTES - fixed);
  const length = fixed + disputed.reduce((sum, entry) => sum + disputedLength(entry), 0);
  const writer = new ByteWriter(length)
    .u8(VERSION)
    .bytes(hexBytes(key.id))
    .bytes(hexBytes(heartbeat.cluster))
    .bytes(hexBytes(heartbeat.incarnation))
    .u32(heartbeat.sequence)
    .u16(heartbeat.intervalMs)
    .u8(NODE_STATES.indexOf(heartbeat.state))
    .u8(flagsOf({ ...heartbeat, heardInPart }))
    .u64(BigInt(heartbeat.revision));
  writeText(writer, heartbeat.node);
  writeText(writer, heartbeat.interface);
  writeList(writer, heldKeys);
  writeList(writer, heartbeat.covered.slice(0, MAX_COVERED));
  writeList(writer, witnessed);
  writeList(writer, heard);
  const addresses = heartbeat.addresses.slice(0, MAX_ADDRESSES);
  writer.u8(addresses.length);
  for (const ip of addresses) writeIp(writer, ip);
  writer.u8(disputed.length);
  for (const { ip, digest } of disputed) {
    writeIp(writer, ip);
    writer.bytes(hexBytes(digest));
  }
  const body = writer.finish();
  return Buffer.concat([body, sign(body, key)]);
}

/**
 * @returns the heartbeat, or why it is not one of ours
 * @throws MalformedPacketError when authentic bytes don't hold a heartbeat, or any bytes are too short for one
 */
export function decodeHeartbeat(
  bytes: Uint8Array,
  cluster: string,
  keys: readonly HeartbeatKey[],
): SignedHeartbeat | HeartbeatRefusal {
  const reader = new ByteReader(bytes, 'heartbeat');
  if (bytes.length > MAX_HEARTBEAT_BYTES) throw reader.malformed(`${bytes.length} bytes`);
  if (reader.u8() !== VERSION) return 'foreign-version';
  const keyId = hex(reader.bytes(KEY_ID_BYTES));
  if (hex(reader.bytes(ID_BYTES)) !== cluster) return 'foreign-cluster';
  const key = keys.find((candidate) => candidate.id === keyId);
  if (key === undefined) return 'unknown-key';
  if (reader.remaining < MAC_BYTES) throw reader.malformed('no signature');
  const body = bytes.subarray(0, bytes.length - MAC_BYTES);
  // Nothing that an outsider wrote is believed: this line comes before all else that is read.
  if (!timingSafeEqual(sign(body, key), bytes.subarray(body.length))) return 'bad-signature';
  return readBody(new ByteReader(body, 'heartbeat'), cluster);
}

/**
 * Whom a heartbeat that can't be verified names as its sender. Nothing vouches for it.
 * @throws MalformedPacketError when the bytes don't hold a heartbeat
 */
export function namedSender(bytes: Uint8Array): string {
  const reader = new ByteReader(bytes.subarray(0, -MAC_BYTES), 'heartbeat');
  return readBody(reader, '').node;
}

function readBody(reader: ByteReader, cluster: string): SignedHeartbeat {
  reader.skip(1 + KEY_ID_BYTES + ID_BYTES);
  const incarnation = hex(reader.bytes(ID_BYTES));
  const sequence = reader.u32();
  const intervalMs = reader.u16();
  const state = NODE_STATES[reader.u8()];
  if (state === undefined || intervalMs === 0) throw reader.malformed('state or interval');
  const flags = reader.u8();
  const revision = readRevision(reader);
  const node = readText(reader);
  const interfaceName = readText(reader);
  const heldKeys = readList(reader, KEY_ID_BYTES);
  const covered = readList(reader, ID_BYTES);
  const witnessed = readList(reader, ID_BYTES);
  const heard = readList(reader, ID_BYTES);
  const addresses = Array.from({ length: reader.u8() }, () => readIp(reader));
  const disputed = Array.from({ length: reader.u8() }, () => ({
    ip: readIp(reader),
    digest: hex(reader.bytes(DIGEST_BYTES)),
  }));
  if (reader.remaining > 0) throw reader.malformed(`${reader.remaining} bytes too many`);
  const failedGates = {
    dataplane: (flags & FLAG.dataplane) !== 0,
    reachability: (flags & FLAG.reachability) !== 0,
  };
  return {
    deaf: (flags & FLAG.deaf) !== 0,
    reaches: (flags & FLAG.reaches) !== 0,
    heardInPart: (flags & FLAG.heardInPart) !== 0,
    ...{ cluster, node, interface: interfaceName, incarnation, sequence, intervalMs, state },
    ...{ failedGates, revision, addresses, heard, covered, witnessed, disputed, heldKeys },
  };
}

function flagsOf({ failedGates, deaf, reaches, heardInPart }: Heartbeat): number {
  const { dataplane, reachability } = failedGates;
  return (
    (dataplane ? FLAG.dataplane : 0) |
    (reachability ? FLAG.reachability : 0) |
    (deaf ? FLAG.deaf : 0) |
    (reaches ? FLAG.reaches : 0) |
    (heardInPart ? FLAG.heardInPart : 0)
  );
}

/** Without keys, those who are heard and those who are witnessed. */
function fixedLength({ node, interface: name, covered, addresses }: Heartbeat): number {
  const numbers = 1 + KEY_ID_BYTES + ID_BYTES + ID_BYTES + 4 + 2 + 1 + 1 + 8;
  const texts = 2 + textLength(node, MAX_NODE_BYTES) + textLength(name, MAX_INTERFACE_BYTES);
  const lists = Math.min(covered.length, MAX_COVERED) * ID_BYTES;
  const ips = addresses.slice(0, MAX_ADDRESSES).reduce((sum, ip) => sum + ipLength(ip), 0);
  return numbers + texts + lists + ips + 6;
}

function textLength(text: string, mostBytes: number): number {
  const length = Buffer.byteLength(text);
  if (length > mostBytes)
    throw new RangeError(`a name of ${length} bytes, not at most ${mostBytes}`);
  return length;
}

/** In turn, by the sequence: every heartbeat begins where the one before has ended. */
function heardThatFit({ heard, sequence }: Heartbeat, without: number): readonly string[] {
  const room = MAX_HEARTBEAT_BYTES - MAC_BYTES - without - DISPUTED_ROOM.besideHeard;
  const count = Math.min(MAX_LIST, Math.floor(room / ID_BYTES));
  if (heard.length <= count) return heard;
  const first = (sequence * count) % heard.length;
  return [...heard, ...heard].slice(first, first + count);
}

function witnessedThatFit(ids: readonly string[], bare: number): readonly string[] {
  const room = MAX_HEARTBEAT_BYTES - MAC_BYTES - bare - DISPUTED_ROOM.besideWitnessed;
  return ids.slice(0, Math.max(0, Math.floor(room / ID_BYTES)));
}

function thatFit(disputed: readonly DisputedIp[], room: number): DisputedIp[] {
  let left = room;
  const fitting: DisputedIp[] = [];
  for (const entry of disputed) {
    left -= disputedLength(entry);
    if (left < 0 || fitting.length === MAX_LIST) break;
    fitting.push(entry);
  }
  return fitting;
}

function disputedLength({ ip }: DisputedIp): number {
  return ipLength(ip) + DIGEST_BYTES;
}

/** A family byte and the address. */
function ipLength(ip: IpAddress): number {
  return familyOf(ip) === 'IPv4' ? 5 : 17;
}

function writeIp(writer: ByteWriter, ip: IpAddress): void {
  writer.u8(familyOf(ip) === 'IPv4' ? 4 : 6).ip(ip);
}

function readIp(reader: ByteReader): IpAddress {
  const family = reader.u8();
  if (family !== 4 && family !== 6) throw reader.malformed(`address family ${family}`);
  return reader.ip(family === 4 ? 'IPv4' : 'IPv6');
}

function writeText(writer: ByteWriter, text: string): void {
  const bytes = Buffer.from(text);
  writer.u8(bytes.length).bytes(bytes);
}

/** Names are compared and written again: what is no UTF-8 must not become another name. */
function readText(reader: ByteReader): string {
  const bytes = Buffer.from(reader.bytes(reader.u8()));
  const text = bytes.toString();
  if (!Buffer.from(text).equals(bytes)) throw reader.malformed('a name that is no UTF-8');
  return text;
}

/** Versions are compared: above this, different ones would be equal. */
function readRevision(reader: ByteReader): number {
  const revision = Number(reader.u64());
  if (!Number.isSafeInteger(revision)) throw reader.malformed('revision');
  return revision;
}

function writeList(writer: ByteWriter, ids: readonly string[]): void {
  writer.u8(ids.length);
  for (const id of ids) writer.bytes(hexBytes(id));
}

function readList(reader: ByteReader, idBytes: number): string[] {
  return Array.from({ length: reader.u8() }, () => hex(reader.bytes(idBytes)));
}

function sign(body: Uint8Array, key: HeartbeatKey): Uint8Array {
  return createHmac('sha256', key.secret).update(body).digest();
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function hexBytes(text: string): Uint8Array {
  return Buffer.from(text, 'hex');
}
