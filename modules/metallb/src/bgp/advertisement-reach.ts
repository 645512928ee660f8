import type { BgpAdvertisement } from '../api/bgp-advertisement.ts';
import { anySelects } from '../api/label-selector.ts';
import type { Node } from '../api/node.ts';
import { advertises } from '../metallb/advertised-pools.ts';
import {
  type BgpApi,
  peersOfNode,
  type RoutedApi,
  type RoutedPool,
  routeAdvertisements,
} from './metallb-routes.ts';
import { conflictInWords, conflictingPair } from './route-policy.ts';

/** Whether any node announces for an advertisement to anybody, and else what it lacks. */
export type Reach = 'reaches' | 'no-node' | 'no-peer';

/** Looked up once for each. */
export function reachOfAdvertisements(
  api: BgpApi,
  nodes: readonly Node[],
): (advertisement: BgpAdvertisement) => Reach {
  const known = new WeakMap<BgpAdvertisement, Reach>();
  return (advertisement) => {
    const reach = known.get(advertisement) ?? reachOf(advertisement, api, nodes);
    known.set(advertisement, reach);
    return reach;
  };
}

function reachOf({ spec }: BgpAdvertisement, api: BgpApi, nodes: readonly Node[]): Reach {
  const selected = nodes.filter(({ labels }) => anySelects(spec.nodeSelectors, labels));
  if (selected.length === 0) return 'no-node';
  const { peers } = spec;
  const hasPeer = selected.some((node) =>
    peersOfNode(api, node).some(
      ({ metadata }) => peers.length === 0 || peers.includes(metadata.name),
    ),
  );
  return hasPeer ? 'reaches' : 'no-peer';
}

/**
 * Advertisements of which two say of the routes of a whole pool what can't both be so. Those for some Services only are
 * left to these Services.
 * @returns in words, by key
 */
export function poolConflicts(
  api: RoutedApi,
  pools: readonly RoutedPool[],
  nodes: readonly Node[],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const pool of pools) {
    const advertisements = api.advertisements.filter(
      ({ spec }) => spec.serviceSelectors.length === 0 && advertises(spec, pool),
    );
    const conflict = conflictOnNodes({ ...api, advertisements }, { pool, labels: {} }, nodes);
    if (conflict === undefined) continue;
    const sentence = `${conflict.words}: addresses of pool ${pool.name} are not announced by BGP until they agree`;
    for (const name of conflict.names) if (!found.has(name)) found.set(name, sentence);
  }
  return found;
}

/** What would be announced of which pool for a Service with these labels. */
export interface Announced {
  readonly pool: RoutedPool;
  readonly labels: Readonly<Record<string, string>>;
}

/** Two advertisements that conflict on a node, by key, and why in words. */
export function conflictOnNodes(
  api: RoutedApi,
  { pool, labels }: Announced,
  nodes: readonly Node[],
): { readonly names: readonly string[]; readonly words: string } | undefined {
  const about = api.advertisements.filter(({ spec }) => advertises(spec, pool));
  // As a rule all say the same, and no node need be looked at.
  if (new Set(about.map(({ spec }) => spec.localPref)).size < 2) return undefined;
  const families = new Set(pool.ranges.map(({ family }) => family));
  for (const node of nodes) {
    const routes = routeAdvertisements({ ...api, advertisements: about }, pool, labels, node);
    for (const family of families) {
      const pair = conflictingPair(routes, family);
      if (pair !== undefined) {
        return { names: pair.map(({ name }) => name), words: conflictInWords(pair) };
      }
    }
  }
  return undefined;
}
