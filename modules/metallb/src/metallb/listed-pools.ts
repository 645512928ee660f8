import type { IpAddressPool } from '../api/ip-address-pool.ts';
import { keyOf } from '../api/object.ts';

/** A pool of MetalLB's API that counts, whichever of the two kinds it is of. */
export interface ListedPool {
  /** Unique among the pools of all kinds: `IPAddressPool/metallb-system/public`. */
  readonly key: string;
  /** As Services and advertisements call it. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly creationTimestamp: string;
  readonly spec: IpAddressPool['spec'];
}

const KINDS = ['IPAddressPool', 'MetalLoadBalancerPool'] as const;
export type PoolKind = (typeof KINDS)[number];

/** Why a pool does not count, in the words of its condition. */
export interface Unlisted {
  readonly reason: 'NotWatched' | 'NameTaken';
  readonly message: string;
}

/** Pools by what Services and advertisements know of them: bare names. */
export class ListedPools {
  /** By key. */
  readonly all: ReadonlyMap<string, ListedPool>;
  readonly #byName: ReadonlyMap<string, ListedPool>;
  readonly #namespaces: readonly string[];
  /** Names of pools whose namespaces are not watched. */
  readonly #elsewhere: ReadonlySet<string>;

  /**
   * @param pools in any order, those of other namespaces too
   * @param namespaces those whose pools count; where two pools have one name, that of the earlier one
   */
  constructor(
    pools: Readonly<Record<PoolKind, Iterable<IpAddressPool>>>,
    namespaces: readonly string[],
  ) {
    this.#namespaces = namespaces;
    // Deckhouse's kind has no namespaces: beside an IPAddressPool of its name it counts less.
    const rankOf = (namespace: string | undefined) =>
      namespace === undefined ? namespaces.length : namespaces.indexOf(namespace);
    const candidates = KINDS.flatMap((kind) =>
      [...pools[kind]].map((pool) => ({
        pool: listed(kind, pool),
        rank: rankOf(pool.metadata.namespace),
      })),
    );
    const notWatched = candidates.filter(({ rank }) => rank < 0);
    this.#elsewhere = new Set(notWatched.map(({ pool }) => pool.name));
    const strongestFirst = candidates
      .filter(({ rank }) => rank >= 0)
      .sort((a, b) => a.rank - b.rank);
    const byName = new Map<string, ListedPool>();
    for (const { pool } of strongestFirst) {
      if (!byName.has(pool.name)) byName.set(pool.name, pool);
    }
    this.#byName = byName;
    this.all = new Map([...byName.values()].map((pool) => [pool.key, pool]));
  }

  named(name: string): ListedPool | undefined {
    return this.#byName.get(name);
  }

  /** Whether the only pool of this name is in a namespace that is not watched. */
  isElsewhere(name: string): boolean {
    return this.#elsewhere.has(name) && this.named(name) === undefined;
  }

  /** Why the pool is not listed; undefined where it is. */
  unlisted(kind: PoolKind, metadata: IpAddressPool['metadata']): Unlisted | undefined {
    if (this.all.has(poolKey(kind, metadata))) return undefined;
    const { namespace } = metadata;
    const notWatched = namespace === undefined ? undefined : unwatched(namespace, this.#namespaces);
    if (notWatched !== undefined) return notWatched;
    const winner = this.named(metadata.name)?.key;
    const message = `${winner} has the same name, by which Services ask for it, and comes first: give this pool another name`;
    return { reason: 'NameTaken', message };
  }
}

/** What an object of MetalLB's API in this namespace is told; undefined where it counts. */
export function unwatched(
  namespace: string,
  namespaces: readonly string[],
): { readonly reason: 'NotWatched'; readonly message: string } | undefined {
  if (namespaces.includes(namespace)) return undefined;
  const message = `namespace ${namespace} is not watched: put it into one of ${namespaces.join(', ')}, or add the namespace to the value metallbNamespaces`;
  return { reason: 'NotWatched', message };
}

/** The name of a pool among those of all kinds. */
export function poolKey(kind: PoolKind, metadata: IpAddressPool['metadata']): string {
  return `${kind}/${keyOf(metadata)}`;
}

function listed(kind: PoolKind, { metadata, spec }: IpAddressPool): ListedPool {
  const { name, labels = {}, creationTimestamp } = metadata;
  return { key: poolKey(kind, metadata), name, labels, creationTimestamp, spec };
}
