import { type BfdProfile, parseBfdProfile } from '../api/bfd-profile.ts';
import { type BgpAdvertisement, parseBgpAdvertisement } from '../api/bgp-advertisement.ts';
import { type BgpPeer, parseBgpPeer } from '../api/bgp-peer.ts';
import { type Community, parseCommunityObject } from '../api/community.ts';
import {
  type MetalLoadBalancerBgpPeer,
  parseMetalLoadBalancerBgpPeer,
} from '../api/metal-load-balancer-bgp-peer.ts';
import {
  type MetalLoadBalancerConfiguration,
  parseMetalLoadBalancerConfiguration,
} from '../api/metal-load-balancer-configuration.ts';
import type { Problem } from '../api/problem.ts';
import { type BgpObjects, bgpApiOf } from '../bgp/bgp-api.ts';
import type { BgpApi } from '../bgp/metallb-routes.ts';
import { counted, countedByName } from '../metallb/counted-objects.ts';
import { Mirror } from '../store/mirror.ts';
import type { Store } from '../store/store.ts';

export interface BgpListener {
  readonly onAdvertisements: () => void;
  readonly onProblem: (problems: readonly Problem[]) => void;
}

/** What counts, in the words of MetalLB's API. */
export interface BgpInForce extends BgpApi {
  /** The same as it is written. */
  readonly objects: BgpObjects;
  readonly profiles: ReadonlyMap<string, BfdProfile>;
}

/** What the controller knows of objects that are about BGP, of MetalLB's kinds and of Deckhouse's. */
export class BgpState {
  readonly peers: Mirror<BgpPeer>;
  readonly advertisements: Mirror<BgpAdvertisement>;
  readonly profiles: Mirror<BfdProfile>;
  readonly communities: Mirror<Community>;
  readonly deckhousePeers: Mirror<MetalLoadBalancerBgpPeer>;
  readonly configurations: Mirror<MetalLoadBalancerConfiguration>;
  readonly #watched: readonly string[];
  #inForce: BgpInForce | undefined;

  /** @param watched namespaces whose objects count, the strongest first */
  constructor(store: Store, listener: BgpListener, watched: readonly string[]) {
    this.#watched = watched;
    const told = {
      onChange: (keys: ReadonlySet<string>) => {
        if (keys.size > 0) this.#inForce = undefined;
        listener.onAdvertisements();
      },
      onProblem: listener.onProblem,
    };
    this.peers = new Mirror(store, { kind: 'BGPPeer', parse: parseBgpPeer, ...told });
    this.advertisements = new Mirror(store, {
      ...{ kind: 'BGPAdvertisement', parse: parseBgpAdvertisement, ...told },
    });
    this.profiles = new Mirror(store, { kind: 'BFDProfile', parse: parseBfdProfile, ...told });
    this.communities = new Mirror(store, {
      ...{ kind: 'Community', parse: parseCommunityObject, ...told },
    });
    this.deckhousePeers = new Mirror(store, {
      ...{ kind: 'MetalLoadBalancerBGPPeer', parse: parseMetalLoadBalancerBgpPeer, ...told },
    });
    this.configurations = new Mirror(store, {
      kind: 'MetalLoadBalancerConfiguration',
      parse: parseMetalLoadBalancerConfiguration,
      ...told,
    });
  }

  get byKind() {
    return {
      BGPPeer: this.peers,
      BGPAdvertisement: this.advertisements,
      BFDProfile: this.profiles,
      Community: this.communities,
      MetalLoadBalancerBGPPeer: this.deckhousePeers,
      MetalLoadBalancerConfiguration: this.configurations,
    };
  }

  /** What counts, found once after each change. */
  get inForce(): BgpInForce {
    this.#inForce ??= this.#find();
    return this.#inForce;
  }

  #find(): BgpInForce {
    const objects: BgpObjects = {
      peers: [...countedByName(this.peers.values(), this.#watched).values()],
      advertisements: counted(this.advertisements.values(), this.#watched),
      communities: counted(this.communities.values(), this.#watched),
      deckhousePeers: [...this.deckhousePeers.values()],
      configurations: [...this.configurations.values()],
    };
    const profiles = countedByName(this.profiles.values(), this.#watched);
    return { ...bgpApiOf(objects), objects, profiles };
  }
}
