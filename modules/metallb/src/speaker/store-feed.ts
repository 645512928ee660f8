import { parseBfdProfile } from '../api/bfd-profile.ts';
import { parseBgpAdvertisement } from '../api/bgp-advertisement.ts';
import { parseBgpPeer } from '../api/bgp-peer.ts';
import { parseChild } from '../api/child.ts';
import { parseCommunityObject } from '../api/community.ts';
import { parseEndpointSlice } from '../api/endpoint-slice.ts';
import { parseIpAddressPool } from '../api/ip-address-pool.ts';
import { parseL2Advertisement } from '../api/l2-advertisement.ts';
import { parseMetalLoadBalancerBgpPeer } from '../api/metal-load-balancer-bgp-peer.ts';
import { parseMetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import { parseMetalLoadBalancerConfiguration } from '../api/metal-load-balancer-configuration.ts';
import { parseMetalLoadBalancerPool } from '../api/metal-load-balancer-pool.ts';
import { parseNode } from '../api/node.ts';
import type { KubernetesObject, ObjectMeta } from '../api/object.ts';
import type { Parsed, Problem } from '../api/problem.ts';
import { parsePublishedService } from '../api/published-service.ts';
import { parseServiceL2Status } from '../api/service-l2-status.ts';
import type { IpAddress } from '../net/ip.ts';
import { Mirror } from '../store/mirror.ts';
import type { Kind, Store } from '../store/store.ts';
import type { BgpKind, BgpObjects } from './bgp-objects.ts';
import type { ClusterView } from './cluster-view.ts';
import { type KeptKind, KeptObjects } from './kept-objects.ts';
import { publishedParts } from './published-services.ts';

/** Who is told about the store. */
export interface FeedHandler {
  /** The view has taken in what the store said. Never before all kinds have been listed once. */
  readonly onChange: () => void;
  /** Who announces this IP is told otherwise now. */
  readonly onStatusChange: (ip: IpAddress) => void;
  readonly onProblem: (problems: readonly Problem[]) => void;
  /** `configuration` may read otherwise. */
  readonly onConfiguration: () => void;
  /** What is stored of a Node is something else: what was right before an earlier write was heard of may not be now. */
  readonly onNode?: (name: string) => void;
}

/** How this node's configuration by MetalLB's API is understood. */
export interface Configuration {
  readonly isUsed: boolean;
  readonly problems: readonly Problem[];
}

const CONFIGURING = [
  ...(['IPAddressPool', 'MetalLoadBalancerPool', 'L2Advertisement'] as const),
  ...(['BGPPeer', 'BGPAdvertisement', 'Community', 'BFDProfile'] as const),
  ...(['MetalLoadBalancerBGPPeer', 'MetalLoadBalancerConfiguration'] as const),
];

/** One kind on its way from the store to the view. */
interface Source {
  readonly mirror: Pick<
    Mirror<unknown>,
    'synced' | 'revision' | 'object' | 'keys' | 'start' | 'stop'
  >;
  /** Also what is gone. */
  feed(keys: Iterable<string>): void;
  feedAll(): void;
}

interface Reader<T> {
  readonly parse: (object: unknown) => Parsed<T>;
  readonly set: (key: string, value: T | undefined) => void;
}

/** Mirrors what duties depend on and passes each change on to the view. */
export class StoreFeed {
  readonly #store: Store;
  readonly #handler: FeedHandler;
  readonly #sources = new Map<Kind, Source>();
  readonly #kept = new Map<Kind, Pick<KeptObjects<never>, 'objects' | 'restore' | 'problems'>>();
  #fed = false;

  constructor(store: Store, view: ClusterView, handler: FeedHandler) {
    this.#store = store;
    this.#handler = handler;
    // In the order in which they are first told: a class that is gone stays in force only if some child is known to
    // name it, and Services are looked at once all that says what becomes of them is known.
    this.#add('SDNInternalL2LBService', {
      parse: parseChild,
      set: (key, child) => {
        view.setChild(key, child);
        if (child?.status.ip !== undefined) handler.onStatusChange(child.status.ip);
      },
    });
    this.#add('EndpointSlice', {
      parse: parseEndpointSlice,
      set: (key, slice) => view.setSlice(key, slice),
    });
    this.#addMetallb(view);
    this.#add(
      'Service',
      {
        parse: parsePublishedService,
        set: (key, service) => {
          const before = view.service(key)?.ingress ?? [];
          view.setService(key, service);
          for (const ip of before) handler.onStatusChange(ip);
        },
      },
      publishedParts(store),
    );
    this.#add('Node', {
      parse: parseNode,
      set: (key, node) => {
        view.setNode(key, node);
        handler.onNode?.(key);
      },
    });
    this.#addKept('MetalLoadBalancerClass', {
      parse: parseMetalLoadBalancerClass,
      set: (key, clazz) => view.setClass(key, clazz),
      isInForce: (key) => view.policies.has(key),
      counts: () => true,
    });
  }

  #addMetallb({ metallb }: ClusterView): void {
    this.#add('ServiceL2Status', {
      parse: parseServiceL2Status,
      set: (key, status) => {
        for (const ip of metallb.setStatus(key, status)) this.#handler.onStatusChange(ip);
      },
    });
    const counts = (metadata: ObjectMeta) => metallb.counts(metadata);
    const pools = [
      ['IPAddressPool', parseIpAddressPool],
      ['MetalLoadBalancerPool', parseMetalLoadBalancerPool],
    ] as const;
    for (const [kind, parse] of pools) {
      this.#addKept(kind, {
        parse,
        set: (key, pool) => metallb.setPool(`${kind}/${key}`, pool),
        isInForce: (key) => metallb.hasPool(`${kind}/${key}`),
        counts,
      });
    }
    this.#addKept('L2Advertisement', {
      parse: parseL2Advertisement,
      set: (key, advertisement) => metallb.setAdvertisement(key, advertisement),
      isInForce: (key) => metallb.hasAdvertisement(key),
      counts,
    });
    if (metallb.hasBgp) this.#addBgp(metallb.bgp, counts);
  }

  #addBgp(bgp: BgpObjects, counts: (metadata: ObjectMeta) => boolean): void {
    const add = <T extends { readonly metadata: ObjectMeta }>(
      kind: BgpKind,
      parse: (object: unknown) => Parsed<T>,
      set: (key: string, value: T | undefined) => void,
    ) => this.#addKept(kind, { parse, set, isInForce: (key) => bgp.has(kind, key), counts });
    this.#addKept('BGPPeer', {
      parse: parseBgpPeer,
      set: (key, peer) => bgp.set('BGPPeer', key, peer),
      isInForce: (key) => bgp.has('BGPPeer', key),
      mayBeStored: ({ spec }) => spec.password === undefined,
      counts,
    });
    add('BGPAdvertisement', parseBgpAdvertisement, (key, one) =>
      bgp.set('BGPAdvertisement', key, one),
    );
    add('Community', parseCommunityObject, (key, community) =>
      bgp.set('Community', key, community),
    );
    add('MetalLoadBalancerBGPPeer', parseMetalLoadBalancerBgpPeer, (key, peer) =>
      bgp.set('MetalLoadBalancerBGPPeer', key, peer),
    );
    add('MetalLoadBalancerConfiguration', parseMetalLoadBalancerConfiguration, (key, one) =>
      bgp.set('MetalLoadBalancerConfiguration', key, one),
    );
    add('BFDProfile', parseBfdProfile, (key, profile) => bgp.set('BFDProfile', key, profile));
  }

  get #mirrors() {
    return Array.from(this.#sources.values(), ({ mirror }) => mirror);
  }

  /** All kinds have been listed once. */
  get synced(): boolean {
    return this.#mirrors.every(({ synced }) => synced);
  }

  /** The highest version of anything heard (network rule 6). */
  get revision(): number {
    return Math.max(...this.#mirrors.map(({ revision }) => revision));
  }

  /** As stored: what a patch must be based on. */
  object(kind: Kind, key: string): KubernetesObject | undefined {
    return this.#sources.get(kind)?.mirror.object(key);
  }

  /** What is in force of configuration, as it was last readable, for `restore` of a later process. */
  keptObjects(): KubernetesObject[] {
    return [...this.#kept.values()].flatMap((kept) => kept.objects());
  }

  /**
   * Configuration of an earlier process: what is unreadable by now stays in force, and what is gone while somebody has an
   * IP by it.
   */
  restore(objects: readonly unknown[]): void {
    for (const kept of this.#kept.values()) kept.restore(objects);
  }

  get configuration(): Configuration {
    const kinds = CONFIGURING.filter((kind) => this.#kept.has(kind));
    const keys = kinds.flatMap((kind) => [...(this.#sources.get(kind)?.mirror.keys() ?? [])]);
    const problems = kinds.flatMap((kind) => this.#kept.get(kind)?.problems ?? []);
    return { isUsed: keys.length > 0, problems };
  }

  start(): void {
    for (const mirror of this.#mirrors) mirror.start();
  }

  stop(): void {
    for (const mirror of this.#mirrors) mirror.stop();
  }

  #add<T>(kind: Kind, { parse, set }: Reader<T>, from: Pick<Store, 'watch'> = this.#store): void {
    const mirror = this.#mirror(kind, parse, from);
    const feed = (keys: Iterable<string>) => {
      for (const key of keys) set(key, mirror.get(key));
    };
    this.#sources.set(kind, { mirror, feed, feedAll: () => feed(mirror.keys()) });
  }

  #addKept<T extends { readonly metadata: ObjectMeta }>(kind: Kind, reader: KeptKind<T>): void {
    const kept = new KeptObjects(reader);
    const mirror = this.#mirror(kind, (object) => kept.parse(object), this.#store);
    this.#kept.set(kind, kept);
    const { onConfiguration } = this.#handler;
    this.#sources.set(kind, {
      mirror,
      feed: (keys) => {
        kept.feed(mirror, keys);
        onConfiguration();
      },
      feedAll: () => {
        kept.feedAll(mirror);
        onConfiguration();
      },
    });
  }

  #mirror<T>(
    kind: Kind,
    parse: (object: unknown) => Parsed<T>,
    from: Pick<Store, 'watch'>,
  ): Mirror<T> {
    return new Mirror(from, {
      kind,
      parse,
      onChange: (keys) => this.#hear(kind, keys),
      onProblem: this.#handler.onProblem,
    });
  }

  #hear(kind: Kind, keys: Iterable<string>): void {
    if (!this.synced) return;
    if (this.#fed) this.#sources.get(kind)?.feed(keys);
    else this.#feedAll();
    this.#handler.onChange();
  }

  #feedAll(): void {
    this.#fed = true;
    for (const source of this.#sources.values()) source.feedAll();
  }
}
