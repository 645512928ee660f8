import type { BgpAdvertisement } from '../api/bgp-advertisement.ts';
import type { BgpPeer, BgpPeerSpec } from '../api/bgp-peer.ts';
import {
  equalitySelectors,
  type LabelExpression,
  type LabelSelector,
} from '../api/label-selector.ts';
import type { MetalLoadBalancerBgpPeer } from '../api/metal-load-balancer-bgp-peer.ts';
import type {
  ConfiguredAdvertisement,
  MetalLoadBalancerConfiguration,
} from '../api/metal-load-balancer-configuration.ts';
import { LABEL } from '../api/names.ts';
import type { ObjectMeta } from '../api/object.ts';
import { bitsOf } from '../net/ip.ts';

type Nodes = Pick<BgpPeerSpec, 'nodeSelectors' | 'sourceAddress'>;

/**
 * The peers that a configuration makes of the routers it names: one for each node that has an address for it, and one
 * for all others of its nodes. They are its own, so that two configurations may name one router.
 */
export function configuredPeers(
  { metadata, spec: { nodeSelector, peerNames } }: MetalLoadBalancerConfiguration,
  routers: ReadonlyMap<string, MetalLoadBalancerBgpPeer>,
): BgpPeer[] {
  return peerNames.flatMap((routerName) => {
    const router = routers.get(routerName);
    if (router === undefined) return [];
    const name = `${routerName}-${metadata.name}`;
    const { sourceAddresses } = router.spec;
    const named = sourceAddresses.map(({ nodeName }) => nodeName).sort();
    const others: Nodes = {
      nodeSelectors: selectorsOf(nodeSelector, 'NotIn', named),
      sourceAddress: undefined,
    };
    return [
      ...sourceAddresses.map(({ nodeName, address }) =>
        peerOf(router, made(metadata, `${name}-node-${nodeName}`), {
          nodeSelectors: selectorsOf(nodeSelector, 'In', [nodeName]),
          sourceAddress: address,
        }),
      ),
      peerOf(router, made(metadata, name), others),
    ];
  });
}

/**
 * What a configuration announces to these peers.
 * @param peers none: nothing, for an advertisement that names no peer is for those of all others
 */
export function configuredAdvertisements(
  { metadata, spec: { nodeSelector, advertisements } }: MetalLoadBalancerConfiguration,
  peers: readonly string[],
): BgpAdvertisement[] {
  if (peers.length === 0) return [];
  return advertisements.map(({ poolNames, communities, localPref, aggregationLength }, index) => ({
    metadata: made(metadata, `${metadata.name}-adv-${index}`),
    spec: {
      ...{ communities, localPref, ipAddressPools: poolNames, peers },
      ...aggregates(aggregationLength),
      nodeSelectors: selectorsOf(nodeSelector),
      ...{ ipAddressPoolSelectors: [], serviceSelectors: [] },
    },
    status: { conditions: [] },
  }));
}

function peerOf(
  { spec }: MetalLoadBalancerBgpPeer,
  metadata: ObjectMeta,
  { nodeSelectors, sourceAddress }: Nodes,
): BgpPeer {
  const { peerAddress, peerPort, peerAsn, myAsn, routerId, holdSeconds, passwordSecret } = spec;
  return {
    metadata,
    spec: {
      ...{ myAsn, peerAsn, localAsn: undefined, neighbor: { address: peerAddress } },
      ...{ sourceAddress, peerPort, holdSeconds, keepaliveSeconds: undefined },
      ...{ connectSeconds: undefined, routerId, nodeSelectors, password: undefined },
      passwordSecret: passwordSecret && { ...passwordSecret, label: LABEL.bgpPassword },
      ...{ bfdProfile: undefined, enableGracefulRestart: false },
      // The kind can't say how far a router is, and Deckhouse's speaker sends to wherever it is.
      ebgpMultiHop: peerAsn !== myAsn,
      ...{ vrf: undefined, dualStackAddressFamily: false, ttlSecurityHops: undefined },
      ...{ passive: false, longLivedStaleSeconds: undefined },
    },
    status: { conditions: [] },
  };
}

/** One length for both families: IPv4 has none above 32, and so it is of IPv6. */
function aggregates(
  length: ConfiguredAdvertisement['aggregationLength'],
): Pick<BgpAdvertisement['spec'], 'aggregationLength' | 'aggregationLengthV6'> {
  const [wholeIpv4, wholeIpv6] = [bitsOf('IPv4'), bitsOf('IPv6')];
  const isIpv4 = length !== undefined && length <= wholeIpv4;
  return {
    aggregationLength: isIpv4 ? length : wholeIpv4,
    aggregationLengthV6: isIpv4 ? wholeIpv6 : (length ?? wholeIpv6),
  };
}

/** None selects every node. */
function selectorsOf(
  matchLabels: Readonly<Record<string, string>>,
  operator: LabelExpression['operator'] = 'NotIn',
  nodes: readonly string[] = [],
): LabelSelector[] {
  if (nodes.length > 0) {
    return [{ matchLabels, matchExpressions: [{ key: LABEL.hostname, operator, values: nodes }] }];
  }
  return equalitySelectors(matchLabels);
}

/** Of a value that no store has. */
function made({ creationTimestamp }: ObjectMeta, name: string): ObjectMeta {
  return { name, uid: '', resourceVersion: '', creationTimestamp };
}
