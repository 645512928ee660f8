import type { IpFamily } from '../net/ip.ts';
import type { Cidr } from '../net/range.ts';
import type { BgpNextHop, BgpPath } from '../packet/bgp-path.ts';
import { encodePrefix, formatPrefix } from '../packet/bgp-prefix.ts';
import { encodeRouteRefresh } from '../packet/bgp-route-refresh.ts';
import {
  countInFullMessages,
  encodeAnnouncements,
  encodeEndOfRib,
  encodeWithdrawals,
  roomForPrefixes,
  roomForWithdrawals,
  type UpdateEncoding,
} from '../packet/bgp-update-encode.ts';

/** All of a path but the next hop, which depends on the connection. Equal ones should be one object: it is compared once. */
export type RouteAttributes = Omit<BgpPath, 'nextHop'>;

/** What a peer is to be told of one prefix. */
export interface Route {
  readonly prefix: Cidr;
  readonly attributes: RouteAttributes;
}

/** What the session with the peer allows. */
export interface RibSession {
  readonly families: readonly IpFamily[];
  /** By which address the peer reaches this node for a family; undefined: nothing of that family is announced. */
  readonly nextHopOf: (family: IpFamily) => BgpNextHop | undefined;
  readonly encoding: UpdateEncoding;
  /** What is told once more stands between a begin and an end (RFC 7313). */
  readonly enhancedRefresh: boolean;
}

interface Entry {
  readonly nlri: Uint8Array;
  readonly family: IpFamily;
  readonly attributes: RouteAttributes;
}

interface ToldEntry extends Entry {
  /** The peer wants to hear it again. */
  readonly isAsked?: true;
}

/** What a message would have, and what the peer takes. */
export interface MessageSizes {
  readonly octets: number;
  readonly mostOctets: number;
}

/**
 * Octets of prefixes in one call: a router that is slow to take UPDATEs must not make this process hold them all, and one
 * that is fast must not keep it from everything else. These are 32 full messages, or two extended ones; what would be
 * in others beside them waits for the next call.
 */
const MAX_OCTETS_AT_ONCE = 131_072;

/**
 * Adj-RIB-Out of RFC 4271 §3.2: what one peer is to be told, and what it has been told. A change costs what it touches,
 * and what changes again before it is sent is sent once.
 */
export class AdjRibOut {
  readonly #wanted = new Map<string, Entry>();
  /** Told in this session, with the attributes as they were then. */
  readonly #told = new Map<string, ToldEntry>();
  /** Prefixes of which the peer may have to be told something else. */
  readonly #changed = new Set<string>();
  readonly #texts = new WeakMap<RouteAttributes, string>();
  #session: RibSession | undefined;
  #hasBegun = false;
  #nextHops: ReadonlyMap<IpFamily, BgpNextHop> = new Map();
  #endsToTell: IpFamily[] = [];
  /** Prefixes whose attributes leave no room for them in any message (RFC 4271 §9.2). */
  readonly #tooLong = new Map<string, MessageSizes>();
  #tooLongChanges = 0;
  /** To be told once more. */
  readonly #asked = new Set<IpFamily>();
  /** Of refreshes: those that the peer has not heard the begin of, and the end. */
  readonly #refreshes = { begin: new Set<IpFamily>(), end: new Set<IpFamily>() };

  /** Prefixes that the peer has been told of. */
  get toldCount(): number {
    return this.#told.size;
  }

  /** There is a session, or has been one. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Prefixes that the peer can't be told of, as `formatPrefix` has them. */
  get tooLong(): ReadonlyMap<string, MessageSizes> {
    return this.#tooLong;
  }

  /** Grows when `tooLong` is not what it was. */
  get tooLongChanges(): number {
    return this.#tooLongChanges;
  }

  /** Prefixes that wait, and the End-of-RIB after them. */
  get pendingCount(): number {
    if (this.#session === undefined) return 0;
    const { end } = this.#refreshes;
    return this.#changed.size + this.#endsToTell.length + end.size + this.#asked.size;
  }

  set(route: Route): void {
    const { prefix, attributes } = route;
    const key = formatPrefix(prefix);
    const before = this.#wanted.get(key);
    if (before?.attributes === attributes) return;
    const nlri = before?.nlri ?? encodePrefix(prefix);
    this.#wanted.set(key, { nlri, family: prefix.family, attributes });
    this.#change(key);
  }

  /** @param key as `formatPrefix` has it */
  delete(key: string): void {
    if (this.#wanted.delete(key)) this.#change(key);
  }

  /** A session begins: the peer knows nothing, and is told when it knows all (RFC 4724 §2). */
  begin(session: RibSession): void {
    this.#hasBegun = true;
    this.#session = session;
    this.#nextHops = nextHopsOf(session);
    this.#told.clear();
    this.#forgetRefreshes();
    this.#endsToTell = [...session.families];
    for (const key of keysByPath(this.#wanted)) this.#changed.add(key);
  }

  end(): void {
    this.#session = undefined;
    this.#tooLong.clear();
    this.#told.clear();
    this.#changed.clear();
    this.#endsToTell = [];
    this.#forgetRefreshes();
  }

  #forgetRefreshes(): void {
    this.#asked.clear();
    for (const families of Object.values(this.#refreshes)) families.clear();
  }

  /** The peer asks for everything of a family once more (RFC 2918, 7313). */
  refresh(family: IpFamily): void {
    // However often it asks before it is told: a look at all routes is one.
    if (this.#session?.families.includes(family) === true) this.#asked.add(family);
  }

  #beginRefreshes({ enhancedRefresh }: RibSession): void {
    for (const family of this.#asked) {
      // RFC 7313 §4.1: not before the End-of-RIB.
      if (enhancedRefresh && this.#endsToTell.includes(family)) continue;
      this.#asked.delete(family);
      if (enhancedRefresh)
        for (const families of Object.values(this.#refreshes)) families.add(family);
      this.#askAgain(family);
    }
  }

  #askAgain(family: IpFamily): void {
    for (const [key, told] of this.#told) {
      if (told.family !== family) continue;
      // Not forgotten: what is withdrawn before it is told again must be withdrawn.
      this.#told.set(key, { ...told, isAsked: true });
      this.#changed.add(key);
    }
  }

  /** The next UPDATEs, withdrawals first; empty when the peer knows everything. */
  take(): Uint8Array[] {
    const session = this.#session;
    if (session === undefined) return [];
    this.#beginRefreshes(session);
    const batch = this.#takeChanged(session);
    const messages = [
      ...this.#takeRefreshes('begin'),
      ...batch.gone.flatMap(({ family, entries }) =>
        encodeWithdrawals(family, nlriOf(entries), session.encoding, family === 'IPv4'),
      ),
      ...batch.announced.flatMap(({ entries, nextHop, family, attributes }) =>
        encodeAnnouncements({ ...attributes, nextHop }, family, nlriOf(entries), session.encoding),
      ),
    ];
    if (this.#changed.size > 0) return messages;
    const ends = this.#endsToTell.splice(0).map(encodeEndOfRib);
    return [...messages, ...this.#takeRefreshes('end'), ...ends];
  }

  #takeRefreshes(which: 'begin' | 'end'): Uint8Array[] {
    const families = [...this.#refreshes[which]];
    this.#refreshes[which].clear();
    return families.map((family) => encodeRouteRefresh(family, which));
  }

  /** Without a session nobody is told; the next one begins with everything. */
  #change(key: string): void {
    if (this.#session !== undefined) this.#changed.add(key);
  }

  #takeChanged({ encoding }: RibSession) {
    const batches: Batches = {
      gone: { IPv4: goneOf('IPv4', encoding), IPv6: goneOf('IPv6', encoding) },
      announced: { IPv4: new Map(), IPv6: new Map() },
    };
    let octets = 0;
    let unfinished: Batch | undefined;
    let isAll = true;
    for (const key of this.#changed) {
      isAll = octets < MAX_OCTETS_AT_ONCE;
      const place = this.#placeOf(key, batches, encoding);
      unfinished = place?.batch;
      if (!isAll) break;
      place?.batch.entries.push({ key, entry: place.entry });
      octets += place?.entry.nlri.length ?? 0;
      if (place === undefined) this.#changed.delete(key);
    }
    const { IPv4, IPv6 } = batches.announced;
    const gone = [batches.gone.IPv4, batches.gone.IPv6];
    const announced = [...IPv4.values(), ...IPv6.values()];
    if (isAll) return this.#tell(gone, announced);
    const full = <T extends Batch>(batch: T) => fullOf(batch, batch === unfinished);
    return this.#tell(gone.map(full), announced.map(full));
  }

  /** Undefined where there is nothing to tell. */
  #placeOf(
    key: string,
    { gone, announced }: Batches,
    encoding: UpdateEncoding,
  ): { readonly batch: Batch; readonly entry: Entry } | undefined {
    const told = this.#told.get(key);
    const wanted = this.#wanted.get(key);
    const batch = wanted && this.#batchOf(announced[wanted.family], wanted, encoding);
    const hasRoom = this.#hasRoom(key, wanted, batch, encoding);
    if (wanted === undefined || batch === undefined || !hasRoom)
      return told && { batch: gone[told.family], entry: told };
    const isNews =
      told === undefined || told.isAsked || this.#textOf(told) !== this.#textOf(wanted);
    return isNews ? { batch, entry: wanted } : undefined;
  }

  #tell(gone: readonly Batch[], announced: readonly PathBatch[]) {
    for (const { entries } of gone)
      for (const { key } of entries) {
        this.#changed.delete(key);
        this.#told.delete(key);
      }
    for (const { entries } of announced)
      for (const { key, entry } of entries) {
        this.#changed.delete(key);
        this.#told.set(key, entry);
      }
    return { gone, announced };
  }

  #hasRoom(
    key: string,
    wanted: Entry | undefined,
    batch: PathBatch | undefined,
    { maxLength }: UpdateEncoding,
  ): boolean {
    const lacking = wanted && batch ? wanted.nlri.length - batch.room : 0;
    const octets = maxLength + lacking;
    if (lacking <= 0) this.#tooLongChanges += this.#tooLong.delete(key) ? 1 : 0;
    else if (this.#tooLong.get(key)?.octets !== octets) {
      this.#tooLong.set(key, { octets, mostOctets: maxLength });
      this.#tooLongChanges += 1;
    }
    return lacking <= 0;
  }

  /** Undefined where the peer has no way to prefixes of the family. */
  #batchOf(
    byPath: Map<string, PathBatch>,
    entry: Entry,
    encoding: UpdateEncoding,
  ): PathBatch | undefined {
    const { family, attributes } = entry;
    const nextHop = this.#nextHops.get(family);
    if (nextHop === undefined) return undefined;
    const text = this.#textOf(entry);
    const existing = byPath.get(text);
    if (existing !== undefined) return existing;
    const room = roomForPrefixes({ ...attributes, nextHop }, family, encoding);
    const batch = { family, attributes, nextHop, room, entries: [] };
    byPath.set(text, batch);
    return batch;
  }

  #textOf({ attributes }: Entry): string {
    const known = this.#texts.get(attributes);
    if (known !== undefined) return known;
    const text = JSON.stringify(attributes, (_, value: unknown) =>
      typeof value === 'bigint' ? value.toString(16) : value,
    );
    this.#texts.set(attributes, text);
    return text;
  }
}

function nextHopsOf({ families, nextHopOf }: RibSession): ReadonlyMap<IpFamily, BgpNextHop> {
  const nextHops = new Map<IpFamily, BgpNextHop>();
  for (const family of families) {
    const nextHop = nextHopOf(family);
    if (nextHop !== undefined) nextHops.set(family, nextHop);
  }
  return nextHops;
}

interface Batch {
  readonly family: IpFamily;
  /** Octets of prefixes in a message. */
  readonly room: number;
  readonly entries: { readonly key: string; readonly entry: Entry }[];
}

interface PathBatch extends Batch {
  readonly attributes: RouteAttributes;
  readonly nextHop: BgpNextHop;
}

interface Batches {
  readonly gone: Readonly<Record<IpFamily, Batch>>;
  /** By attributes. */
  readonly announced: Readonly<Record<IpFamily, Map<string, PathBatch>>>;
}

function goneOf(family: IpFamily, encoding: UpdateEncoding): Batch {
  return { family, room: roomForWithdrawals(encoding, family === 'IPv4'), entries: [] };
}

/**
 * What of the batch fills messages; the rest stays first in the queue. What fills none is told nevertheless, of however
 * many paths, unless more of it comes next.
 */
function fullOf<T extends Batch>(batch: T, isUnfinished: boolean): T {
  const full = countInFullMessages(nlriOf(batch.entries), batch.room);
  return full > 0 || isUnfinished ? { ...batch, entries: batch.entries.slice(0, full) } : batch;
}

/** Those of one path one after the other: they fill messages together. */
function keysByPath(wanted: ReadonlyMap<string, Entry>): string[] {
  const byPath = new Map<RouteAttributes, string[]>();
  for (const [key, { attributes }] of wanted) {
    const keys = byPath.get(attributes);
    if (keys === undefined) byPath.set(attributes, [key]);
    else keys.push(key);
  }
  return [...byPath.values()].flat();
}

function nlriOf(entries: Batch['entries']): Uint8Array[] {
  return entries.map(({ entry }) => entry.nlri);
}
