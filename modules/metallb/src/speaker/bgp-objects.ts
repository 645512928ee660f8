import { isDeepStrictEqual } from 'node:util';
import type { BfdProfile } from '../api/bfd-profile.ts';
import type { BgpAdvertisement } from '../api/bgp-advertisement.ts';
import type { BgpPeer } from '../api/bgp-peer.ts';
import type { Community } from '../api/community.ts';
import { anySelects } from '../api/label-selector.ts';
import type { MetalLoadBalancerBgpPeer } from '../api/metal-load-balancer-bgp-peer.ts';
import type { MetalLoadBalancerConfiguration } from '../api/metal-load-balancer-configuration.ts';
import type { ObjectMeta } from '../api/object.ts';
import { bgpApiOf } from '../bgp/bgp-api.ts';
import type { BgpApi } from '../bgp/metallb-routes.ts';
import { type AdvertisedPool, advertises } from '../metallb/advertised-pools.ts';
import { counted, countedByName } from '../metallb/counted-objects.ts';

export interface BgpObjectsPorts {
  /** Those that count: of two objects of one name, that of the first of them does. */
  readonly namespaces: readonly string[];
  /** Whether an object is in a namespace that counts. */
  readonly counts: (metadata: ObjectMeta) => boolean;
  /** What is announced of which pools may be otherwise. */
  readonly onChange: () => void;
}

interface KindOf {
  readonly MetalLoadBalancerBGPPeer: MetalLoadBalancerBgpPeer;
  readonly MetalLoadBalancerConfiguration: MetalLoadBalancerConfiguration;
  readonly BGPPeer: BgpPeer;
  readonly BGPAdvertisement: BgpAdvertisement;
  readonly Community: Community;
  readonly BFDProfile: BfdProfile;
}

export type BgpKind = keyof KindOf;

/** What MetalLB's API and Deckhouse's kinds say of BGP: objects that count, in their last good versions. */
export class BgpObjects {
  readonly #ports: BgpObjectsPorts;
  readonly #objects: { readonly [Kind in BgpKind]: Map<string, KindOf[Kind]> } = {
    MetalLoadBalancerBGPPeer: new Map(),
    MetalLoadBalancerConfiguration: new Map(),
    BGPPeer: new Map(),
    BGPAdvertisement: new Map(),
    Community: new Map(),
    BFDProfile: new Map(),
  };
  #api: BgpApi | undefined;

  constructor(ports: BgpObjectsPorts) {
    this.#ports = ports;
  }

  /** The same value until something of it changes. */
  get api(): BgpApi {
    const { namespaces } = this.#ports;
    const { BGPPeer, BGPAdvertisement, Community } = this.#objects;
    this.#api ??= bgpApiOf({
      peers: [...countedByName(BGPPeer.values(), namespaces).values()],
      advertisements: counted(BGPAdvertisement.values(), namespaces),
      communities: counted(Community.values(), namespaces),
      deckhousePeers: [...this.#objects.MetalLoadBalancerBGPPeer.values()],
      configurations: [...this.#objects.MetalLoadBalancerConfiguration.values()],
    });
    return this.#api;
  }

  profile(name: string): BfdProfile | undefined {
    return countedByName(this.#objects.BFDProfile.values(), this.#ports.namespaces).get(name);
  }

  set<Kind extends BgpKind>(kind: Kind, key: string, object: KindOf[Kind] | undefined): void {
    const objects: Map<string, KindOf[Kind]> = this.#objects[kind];
    const counting = object && this.#ports.counts(object.metadata) ? object : undefined;
    if (isDeepStrictEqual(objects.get(key)?.spec, counting?.spec)) return;
    if (counting === undefined) objects.delete(key);
    else objects.set(key, counting);
    this.#api = undefined;
    this.#ports.onChange();
  }

  has(kind: BgpKind, key: string): boolean {
    return this.#objects[kind].has(key);
  }

  /** Whether addresses of the pool are announced by any node for a Service with these labels. */
  announces(pool: AdvertisedPool, serviceLabels: Readonly<Record<string, string>>): boolean {
    return this.api.advertisements.some(
      ({ spec }) => advertises(spec, pool) && anySelects(spec.serviceSelectors, serviceLabels),
    );
  }
}
