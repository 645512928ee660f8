import { anySelects, equalitySelectors } from '../api/label-selector.ts';
import { isRouted } from '../api/metal-load-balancer-class.ts';
import type { Node } from '../api/node.ts';
import type { ServedPools } from '../linux/served-pools.ts';
import { advertises } from '../metallb/advertised-pools.ts';
import type { IpRange } from '../net/range.ts';
import type { Uplink } from '../routing/uplinks.ts';
import type { ClusterView } from './cluster-view.ts';

interface RoutedRanges {
  /** Empty: all. */
  readonly peers: readonly string[];
  readonly ranges: readonly IpRange[];
}

/** Pools of which routers are told, and so may send packets to this node, by the interface that these come in by. */
export function routedPools(
  view: ClusterView,
  node: Pick<Node, 'labels'>,
  uplinks: readonly Uplink[],
): ServedPools[] {
  const routed = [...byMetallb(view, node), ...byClasses(view, node)];
  const interfaces = [...new Set(uplinks.map((uplink) => uplink.interface))].sort();
  return interfaces.flatMap((name) => {
    const here = uplinks.filter((uplink) => uplink.interface === name);
    const pools = routed
      .filter(({ peers }) => peers.length === 0 || here.some(({ peer }) => peers.includes(peer)))
      .flatMap(({ ranges }) => ranges);
    return pools.length === 0 ? [] : [{ interface: name, protocol: 'bgp' as const, pools }];
  });
}

/** Whichever Services an advertisement is for: any IP of its pools may be one's. */
function byMetallb({ metallb }: ClusterView, { labels }: Pick<Node, 'labels'>): RoutedRanges[] {
  return metallb.bgp.api.advertisements
    .filter(({ spec }) => anySelects(spec.nodeSelectors, labels))
    .map(({ spec }) => ({
      peers: spec.peers,
      ranges: [...metallb.pools]
        .filter((pool) => advertises(spec, pool))
        .flatMap(({ ranges }) => ranges),
    }));
}

function byClasses({ classes }: ClusterView, { labels }: Pick<Node, 'labels'>): RoutedRanges[] {
  return [...classes]
    .filter(
      (each) => isRouted(each) && anySelects(equalitySelectors(each.spec.nodeSelector), labels),
    )
    .map(({ spec }) => ({ peers: spec.bgp.peers, ranges: spec.addressPool }));
}
