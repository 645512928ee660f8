import type { IpFamily } from '../net/ip.ts';
import type { Cidr } from '../net/range.ts';
import type { BgpNextHop, BgpPath } from '../packet/bgp-path.ts';
import { encodePrefix, formatPrefix } from '../packet/bgp-prefix.ts';
import { encodeRouteRefresh } from '../packet/bgp-route-refresh.ts';
import {
  encodeAnnouncements,
  encodeEndOfRib,
  encodeWithdrawals,
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

/**
 * Of one call: a router that is slow to take UPDATEs must not make this process hold them all, and one that is fast
 * must not keep it from everything else. Two full messages of IPv4 have as many.
 */
const MAX_PREFIXES_AT_ONCE = 2_048;

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
  #nextHops: ReadonlyMap<IpFamily, BgpNextHop> = new Map();
  #endsToTell: IpFamily[] = [];
  /** To be told once more after the End-of-RIB. */
  readonly #asked = new Set<IpFamily>();
  /** Of refreshes: those that the peer has not heard the begin of, and the end. */
  readonly #refreshes = { begin: new Set<IpFamily>(), end: new Set<IpFamily>() };

  /** Prefixes that the peer has been told of. */
  get toldCount(): number {
    return this.#told.size;
  }

  /** Prefixes that wait, and the End-of-RIB after them. */
  get pendingCount(): number {
    if (this.#session === undefined) return 0;
    return this.#changed.size + this.#endsToTell.length + this.#refreshes.end.size;
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
    this.#session = session;
    this.#nextHops = nextHopsOf(session);
    this.#told.clear();
    this.#forgetRefreshes();
    this.#endsToTell = [...session.families];
    for (const key of this.#wanted.keys()) this.#changed.add(key);
  }

  end(): void {
    this.#session = undefined;
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
    if (this.#session?.enhancedRefresh === true) {
      // RFC 7313 §4.1: not before the End-of-RIB.
      if (this.#endsToTell.includes(family)) {
        this.#asked.add(family);
        return;
      }
      for (const families of Object.values(this.#refreshes)) families.add(family);
    }
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
    const batch = this.#takeChanged();
    const messages = [
      ...this.#takeRefreshes('begin'),
      ...this.#withdraw(batch.gone, session),
      ...batch.announced.flatMap(({ entries, nextHop, family, attributes }) =>
        encodeAnnouncements({ ...attributes, nextHop }, family, entries, session.encoding),
      ),
    ];
    if (this.#changed.size > 0) return messages;
    const ends = this.#endsToTell.splice(0).map(encodeEndOfRib);
    const told = [...messages, ...this.#takeRefreshes('end'), ...ends];
    for (const family of this.#asked) this.refresh(family);
    this.#asked.clear();
    return told;
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

  #takeChanged() {
    const gone: Entry[] = [];
    const byPath = { IPv4: new Map<string, PathBatch>(), IPv6: new Map<string, PathBatch>() };
    let count = 0;
    for (const key of this.#changed) {
      if (count === MAX_PREFIXES_AT_ONCE) break;
      this.#changed.delete(key);
      const told = this.#told.get(key);
      const wanted = this.#wanted.get(key);
      const nextHop = wanted && this.#nextHops.get(wanted.family);
      if (wanted === undefined || nextHop === undefined) {
        if (told !== undefined) gone.push(told);
        this.#told.delete(key);
      } else if (
        told === undefined ||
        told.isAsked ||
        this.#textOf(told) !== this.#textOf(wanted)
      ) {
        this.#batchOf(byPath[wanted.family], wanted, nextHop).entries.push(wanted.nlri);
        this.#told.set(key, wanted);
      } else continue;
      count += 1;
    }
    return { gone, announced: [...byPath.IPv4.values(), ...byPath.IPv6.values()] };
  }

  #batchOf(byPath: Map<string, PathBatch>, entry: Entry, nextHop: BgpNextHop): PathBatch {
    const { family, attributes } = entry;
    const text = this.#textOf(entry);
    const existing = byPath.get(text);
    if (existing !== undefined) return existing;
    const batch = { family, attributes, nextHop, entries: [] };
    byPath.set(text, batch);
    return batch;
  }

  #withdraw(gone: readonly Entry[], { encoding }: RibSession): Uint8Array[] {
    return (['IPv4', 'IPv6'] as const).flatMap((family) => {
      const prefixes = gone.filter((entry) => entry.family === family).map(({ nlri }) => nlri);
      return encodeWithdrawals(family, prefixes, encoding, family === 'IPv4');
    });
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

interface PathBatch {
  readonly family: IpFamily;
  readonly attributes: RouteAttributes;
  readonly nextHop: BgpNextHop;
  readonly entries: Uint8Array[];
}
