import { networkInterfaces } from 'node:os';
import type { BfdProfile } from '../api/bfd-profile.ts';
import type { WantedBfdKey } from '../bfd/messages.ts';
import { type IpAddress, isLinkLocal } from '../net/ip.ts';
import { parseRange, rangeContains } from '../net/range.ts';
import type { PeerBfd } from './bfd-link.ts';
import type { PeerSetup } from './peer-options.ts';

/** How there is to be BFD, and what it is signed with. */
export interface PeerBfdWish {
  readonly profile: BfdProfile;
  readonly key: WantedBfdKey | undefined;
}

/**
 * The BFD session beside one of BGP: it takes the same way. As with FRR, a peer is a neighbour where BGP takes it for
 * one, and one of the own AS where it is on a link of this node.
 * @param isOnLink whether an address is of a network that this node is in
 */
export function bfdOfPeer(
  bgpPeer: string,
  { options: { peer }, externalAsn }: PeerSetup,
  { profile: { spec }, key }: PeerBfdWish,
  isOnLink: (ip: IpAddress) => boolean,
): PeerBfd {
  const isNeighbour =
    peer.hops.most === 1 ||
    isLinkLocal(peer.address) ||
    (externalAsn === undefined && isOnLink(peer.address));
  return {
    ...{ bgpPeer, peer: peer.address, local: peer.source, interface: peer.interface },
    isMultihop: !isNeighbour,
    minimumTtl: spec.minimumTtl,
    timers: {
      desiredMinTxMs: spec.transmitInterval,
      requiredMinRxMs: spec.receiveInterval,
      detectMultiplier: spec.detectMultiplier,
    },
    ...{ passive: spec.passiveMode, key },
  };
}

/** By the addresses that this node's interfaces have now. */
export function isOnLink(ip: IpAddress): boolean {
  const addresses = Object.values(networkInterfaces()).flatMap((each = []) => each);
  return addresses.some(({ cidr }) => {
    const network = cidr === null ? '' : parseRange(cidr);
    return typeof network !== 'string' && rangeContains(network, ip);
  });
}
