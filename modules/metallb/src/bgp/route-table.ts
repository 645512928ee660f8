import { bitsOf, familyOf, type IpAddress } from '../net/ip.ts';
import type { Cidr } from '../net/range.ts';
import { formatPrefix } from '../packet/bgp-prefix.ts';
import type { AdjRibOut, RouteAttributes } from './adj-rib-out.ts';
import {
  attributesOf,
  conflictOf,
  prefixOf,
  type RouteAdvertisement,
  type RoutePeer,
} from './route-policy.ts';

/** One that is said of many IPs is one object: what a prefix is made of is compared by identity. */
interface Shared {
  readonly text: string;
  readonly id: number;
  readonly advertisement: RouteAdvertisement;
  uses: number;
}

/** A prefix, and what is said of it. */
interface Line {
  readonly prefix: Cidr;
  said: readonly Said[];
}

/** Of so many IPs. */
interface Said {
  readonly shared: Shared;
  readonly ips: number;
}

interface Told {
  readonly peer: RoutePeer;
  readonly rib: AdjRibOut;
  /** Prefixes of which the rib may not know the latest. */
  readonly stale: Set<string>;
}

/** Combinations of attributes; a cluster has a handful. Beyond this many they are made anew, and only cost more. */
const MOST_KNOWN_ATTRIBUTES = 1_024;

/**
 * What this node announces by BGP, prefix by prefix, for every peer's rib. An IP costs the prefixes that it is in,
 * however many others there are: a prefix counts what is said of it, and nobody adds up its IPs again.
 */
export class RouteTable {
  readonly #shared = new Map<string, Shared>();
  readonly #texts = new WeakMap<RouteAdvertisement, string>();
  readonly #ips = new Map<IpAddress, readonly Shared[]>();
  readonly #lines = new Map<string, Line>();
  readonly #peers = new Map<string, Told>();
  readonly #conflicts = new Map<IpAddress, string>();
  #known = new Map<string, RouteAttributes>();
  #lastId = 0;

  /** Why an IP is not announced although advertisements say so, in words. */
  get conflicts(): ReadonlyMap<IpAddress, string> {
    return this.#conflicts;
  }

  /** @param advertisements none: the IP is not announced */
  setIp(ip: IpAddress, advertisements: readonly RouteAdvertisement[]): void {
    const before = this.#ips.get(ip) ?? [];
    const after = advertisements.map((advertisement) => this.#share(advertisement));
    if (!isSame(before, after)) this.#replace(ip, before, after);
    for (const shared of isSame(before, after) ? after : before) this.#release(shared);
  }

  /** @param key what the peer is known by here; again with other facts: only what differs is told */
  setPeer(key: string, peer: RoutePeer, rib: AdjRibOut): void {
    const before = this.#peers.get(key)?.stale ?? [];
    this.#peers.set(key, { peer, rib, stale: new Set([...before, ...this.#lines.keys()]) });
  }

  deletePeer(key: string): void {
    this.#peers.delete(key);
  }

  /** Nothing is announced any more. */
  clear(): void {
    for (const { stale } of this.#peers.values()) {
      for (const key of this.#lines.keys()) stale.add(key);
    }
    for (const all of [this.#ips, this.#lines, this.#conflicts, this.#shared]) all.clear();
  }

  /** Prefixes that are still to be written into the peer's rib. */
  staleCount(key: string): number {
    return this.#peers.get(key)?.stale.size ?? 0;
  }

  /**
   * Writes into the ribs what has changed; a piece of it, since a hundred thousand prefixes take a while.
   * @returns whether that was all
   */
  settle(mostPrefixes = Number.POSITIVE_INFINITY): boolean {
    let left = mostPrefixes;
    for (const told of this.#peers.values()) {
      for (const key of told.stale) {
        if (left === 0) return false;
        left -= 1;
        told.stale.delete(key);
        this.#tell(told, key);
      }
    }
    return true;
  }

  #replace(ip: IpAddress, before: readonly Shared[], after: readonly Shared[]): void {
    const advertisements = after.map(({ advertisement }) => advertisement);
    const conflict = conflictOf({ ip, advertisements });
    if (!this.#conflicts.has(ip)) for (const shared of before) this.#count(ip, shared, -1);
    if (conflict === undefined) {
      for (const shared of after) this.#count(ip, shared, 1);
      this.#conflicts.delete(ip);
    } else this.#conflicts.set(ip, conflict);
    if (after.length === 0) this.#ips.delete(ip);
    else this.#ips.set(ip, after);
  }

  #count(ip: IpAddress, shared: Shared, by: 1 | -1): void {
    const length = shared.advertisement.aggregationLength[familyOf(ip)];
    const key = keyOf(ip, length);
    const line = this.#lines.get(key) ?? { prefix: prefixOf(ip, length), said: [] };
    const before = line.said.find((one) => one.shared === shared)?.ips ?? 0;
    const others = line.said.filter((one) => one.shared !== shared);
    line.said = before + by === 0 ? others : [...others, { shared, ips: before + by }];
    if (line.said.length === 0) this.#lines.delete(key);
    else this.#lines.set(key, line);
    if (before !== 0 && before + by !== 0) return;
    for (const { stale } of this.#peers.values()) stale.add(key);
  }

  #tell({ peer, rib }: Told, key: string): void {
    const line = this.#lines.get(key);
    const said = (line?.said ?? [])
      .map(({ shared }) => shared)
      .filter(({ advertisement }) => advertisement.peers?.has(peer.name) !== false);
    if (line === undefined || said.length === 0) rib.delete(key);
    else rib.set({ prefix: line.prefix, attributes: this.#attributes(peer, said) });
  }

  /** The same object for the same, so that a rib sees at once what it has to tell in one message. */
  #attributes(peer: RoutePeer, said: readonly Shared[]): RouteAttributes {
    const ids = said.map(({ id }) => id).sort((a, b) => a - b);
    const key = `${peer.asn} ${peer.isExternal} ${peer.isLeaving} ${ids.join(' ')}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const attributes = attributesOf(
      peer,
      said.map(({ advertisement }) => advertisement),
    );
    if (this.#known.size >= MOST_KNOWN_ATTRIBUTES) this.#known = new Map();
    this.#known.set(key, attributes);
    return attributes;
  }

  #share(advertisement: RouteAdvertisement): Shared {
    const text = this.#texts.get(advertisement) ?? textOf(advertisement);
    this.#texts.set(advertisement, text);
    const shared = this.#shared.get(text) ?? { text, id: ++this.#lastId, advertisement, uses: 0 };
    shared.uses += 1;
    this.#shared.set(text, shared);
    return shared;
  }

  #release(shared: Shared): void {
    shared.uses -= 1;
    if (shared.uses === 0) this.#shared.delete(shared.text);
  }
}

function textOf(advertisement: RouteAdvertisement): string {
  const { peers } = advertisement;
  return JSON.stringify({ ...advertisement, peers: peers && [...peers].sort() });
}

/** As `formatPrefix` has it; most prefixes are whole addresses. */
function keyOf(ip: IpAddress, length: number): string {
  return length === bitsOf(familyOf(ip)) ? `${ip}/${length}` : formatPrefix(prefixOf(ip, length));
}

function isSame(before: readonly Shared[], after: readonly Shared[]): boolean {
  return before.length === after.length && before.every((shared, at) => shared === after[at]);
}
