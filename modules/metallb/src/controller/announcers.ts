import type { BgpAdvertisement } from '../api/bgp-advertisement.ts';
import type { L2Advertisement } from '../api/l2-advertisement.ts';
import { anySelects } from '../api/label-selector.ts';
import type { Node } from '../api/node.ts';
import { poolConflicts, type Reach, reachOfAdvertisements } from '../bgp/advertisement-reach.ts';
import { type Hosts, hostsOf } from '../bgp/hosts.ts';
import type { RoutedApi, RoutedPool } from '../bgp/metallb-routes.ts';
import type { ListedPool, ListedPools } from '../metallb/listed-pools.ts';
import type { BgpInForce } from './bgp-state.ts';

export interface AnnouncersView {
  readonly nodes: readonly Node[];
  readonly pools: ListedPools;
  /** Undefined in an edition without BGP. */
  readonly bgp: BgpInForce | undefined;
}

/** Which nodes can announce at all for which advertisement, at one moment; each is looked up once. */
export class Announcers {
  readonly nodes: readonly Node[];
  /** Undefined in an edition without BGP. */
  readonly bgp: RoutedApi | undefined;
  /** Whom no aggregate may cover. */
  readonly hosts: Hosts;
  /** Of a BGPAdvertisement. */
  readonly reachOf: (advertisement: BgpAdvertisement) => Reach;
  readonly #pools: ListedPools;
  readonly #hasNodes = new WeakMap<L2Advertisement, boolean>();
  #conflicts: ReadonlyMap<string, string> | undefined;

  constructor({ nodes, pools, bgp }: AnnouncersView) {
    this.nodes = nodes;
    this.hosts = hostsOf(bgp?.peers ?? [], nodes);
    this.bgp = bgp && { ...bgp, hosts: this.hosts };
    this.#pools = pools;
    this.reachOf = bgp === undefined ? () => 'no-peer' : reachOfAdvertisements(bgp, nodes);
  }

  /** Whether the advertisement selects any node. */
  hasNodes(advertisement: L2Advertisement): boolean {
    const known = this.#hasNodes.get(advertisement);
    if (known !== undefined) return known;
    const { nodeSelectors } = advertisement.spec;
    const has = this.nodes.some(({ labels }) => anySelects(nodeSelectors, labels));
    this.#hasNodes.set(advertisement, has);
    return has;
  }

  /** Some prefer routes differently: only then can two of them say what can't both be so, of pools or of Services. */
  get mayConflict(): boolean {
    const preferences = this.bgp?.advertisements.map(({ spec }) => spec.localPref);
    return new Set(preferences).size > 1;
  }

  /** BGPAdvertisements of one pool that say what can't both be so: why, by key. */
  get conflicts(): ReadonlyMap<string, string> {
    const { bgp, nodes } = this;
    this.#conflicts ??=
      bgp === undefined
        ? new Map()
        : poolConflicts(bgp, [...this.#pools.all.values()].map(routedPool), nodes);
    return this.#conflicts;
  }
}

/** A pool as routes see it. */
export function routedPool(pool: ListedPool): RoutedPool {
  return { ...pool, ranges: pool.spec.addresses };
}
