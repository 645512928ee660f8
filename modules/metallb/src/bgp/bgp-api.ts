import type { BgpPeer } from '../api/bgp-peer.ts';
import { itemOf, type Place, problemAt } from '../api/fields.ts';
import type { MetalLoadBalancerBgpPeer } from '../api/metal-load-balancer-bgp-peer.ts';
import type { MetalLoadBalancerConfiguration } from '../api/metal-load-balancer-configuration.ts';
import type { Problem } from '../api/problem.ts';
import { configuredAdvertisements, configuredPeers } from './deckhouse-routes.ts';
import type { BgpApi } from './metallb-routes.ts';

/** Objects that say something of BGP, of MetalLB's kinds and of Deckhouse's, as far as they count. */
export interface BgpObjects extends BgpApi {
  readonly deckhousePeers: readonly MetalLoadBalancerBgpPeer[];
  readonly configurations: readonly MetalLoadBalancerConfiguration[];
}

/**
 * All of it in the words of MetalLB's API. Advertisements call peers by bare names, so there is one of each: the first of
 * MetalLB's, else that of the configuration whose name comes first.
 */
export function bgpApiOf(objects: BgpObjects): BgpApi {
  const { peers, configured } = namedPeers(objects);
  const made = configured.flatMap(({ configuration, own }) =>
    configuredAdvertisements(configuration, own),
  );
  return {
    peers: [...peers.values()],
    advertisements: [...objects.advertisements, ...made],
    communities: objects.communities,
  };
}

/** What is wrong with a configuration beside the other objects; the rest of it counts. */
export function configurationProblems(
  { metadata: { name }, spec: { peerNames } }: MetalLoadBalancerConfiguration,
  objects: BgpObjects,
): Problem[] {
  const place: Place = {
    object: `MetalLoadBalancerConfiguration/${name}`,
    field: 'spec.bgp.peerNames',
  };
  if (peerNames.length === 0) {
    return [problemAt(place, undefined, 'expected routers: without any, nothing is announced')];
  }
  const routers = byName(objects.deckhousePeers);
  const unknown = peerNames.flatMap((peerName, index) =>
    routers.has(peerName)
      ? []
      : [
          problemAt(
            itemOf(place, index),
            peerName,
            'expected the name of a MetalLoadBalancerBGPPeer that is in force',
          ),
        ],
  );
  const { configured } = namedPeers(objects);
  const { taken = [] } =
    configured.find(({ configuration }) => configuration.metadata.name === name) ?? {};
  const isTaken = taken.map((peer) =>
    problemAt(place, peer, 'expected names that make no peer of a name that another one has'),
  );
  return [...unknown, ...isTaken];
}

interface Configured {
  readonly configuration: MetalLoadBalancerConfiguration;
  /** Names of the peers it makes. */
  readonly own: readonly string[];
  /** Names that another peer had already. */
  readonly taken: readonly string[];
}

function namedPeers(objects: BgpObjects): {
  readonly peers: ReadonlyMap<string, BgpPeer>;
  readonly configured: readonly Configured[];
} {
  const routers = byName(objects.deckhousePeers);
  const peers = byName(objects.peers);
  const configured: Configured[] = [];
  for (const configuration of byName(objects.configurations).values()) {
    const made = byName(configuredPeers(configuration, routers));
    const names = [...made.keys()];
    const own = names.filter((name) => !peers.has(name));
    const taken = names.filter((name) => peers.has(name));
    configured.push({ configuration, own, taken });
    for (const [name, peer] of made) if (own.includes(name)) peers.set(name, peer);
  }
  return { peers, configured };
}

/** In the order of names; of one name the first. */
function byName<T extends { readonly metadata: { readonly name: string } }>(
  objects: readonly T[],
): Map<string, T> {
  const sorted = [...objects].sort(({ metadata: a }, { metadata: b }) =>
    a.name < b.name ? -1 : Number(a.name > b.name),
  );
  const named = new Map<string, T>();
  for (const object of sorted) {
    const { name } = object.metadata;
    if (!named.has(name)) named.set(name, object);
  }
  return named;
}
