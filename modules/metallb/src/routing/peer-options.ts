import { createHash } from 'node:crypto';
import type { BgpNeighbor, BgpPeer, BgpPeerSpec } from '../api/bgp-peer.ts';
import { BGP_ANNOTATION } from '../api/names.ts';
import { keyOf } from '../api/object.ts';
import type { PeeringOptions } from '../bgp/peering.ts';
import type { BgpPeerAddress, PeerHops } from '../linux/bgp-socket.ts';
import { familyOf, type IpAddress, type IpFamily, ipFromBytes, isLinkLocal } from '../net/ip.ts';
import type { BgpCapabilities } from '../packet/bgp-capabilities.ts';
import type { FoundRouter } from './link-router.ts';
import type { PeerSessionOptions } from './peer-session.ts';

/** What of a node its sessions depend on. */
export interface PeerNode {
  readonly name: string;
  readonly internalIps: readonly IpAddress[];
  /** Who is at an interface of it. */
  readonly routerAt: (interfaceName: string) => FoundRouter;
  /** Where routers connect to; 0: nowhere. */
  readonly listenPort: number;
  /** The kernel has gone on since the speaker before: what it forwarded then, it still does. */
  readonly forwardsOn: boolean;
}

/** A peer as this node has it: how it is reached, what is negotiated, and what routes to it look like. */
export interface PeerSetup {
  readonly options: Omit<PeerSessionOptions, 'passwords'>;
  /** By which advertisements choose it. */
  readonly routeName: string;
  /** Undefined: it is of the own AS, which has no place in a path. */
  readonly externalAsn: number | undefined;
  /** Those whose absence from a session is to be told; of whoever is at an interface it is not known what it takes. */
  readonly expectedFamilies: readonly IpFamily[];
}

/** Until then an attempt at a connection may take, and no longer: a router that is back should not be waited for. */
const DEFAULT_CONNECT_SECONDS = 10;
/** RFC 9687 §3.2: at least this. */
const SHORTEST_SEND_HOLD_MS = 480_000;
const SEND_HOLD_PER_HOLD = 2;
/**
 * How long a router keeps the routes of a speaker that is gone (network rule 31): one that crashed is back long before,
 * and of a node that is gone nothing is to stand for longer.
 */
const RESTART_SECONDS = 10;

/** @returns what is to be done for a session, or a sentence that says why there can be none */
export function setUpPeer(peer: BgpPeer, node: PeerNode): PeerSetup | string {
  const { spec, metadata } = peer;
  const place = placeOf(spec, node);
  if (typeof place === 'string') return `BGPPeer/${keyOf(metadata)}: ${place}`;
  const peering = peeringOf(spec, place.address, node);
  const isExternal = isExternalTo(spec);
  return {
    options: {
      peer: {
        ...{ ...place, port: spec.peerPort, source: spec.sourceAddress },
        hops: hopsOf(spec, isExternal),
      },
      peering,
    },
    routeName: metadata.name,
    externalAsn: isExternal ? peering.localAsn : undefined,
    expectedFamilies:
      'address' in spec.neighbor || spec.dualStackAddressFamily
        ? peering.capabilities.families
        : [],
  };
}

/** As people name a neighbor. */
export function neighborText(neighbor: BgpNeighbor): string {
  return 'address' in neighbor ? neighbor.address : neighbor.interface;
}

/** Where a router is reached. @returns a sentence where that can't be said */
function placeOf(
  { neighbor, sourceAddress, vrf, passive }: BgpPeerSpec,
  { routerAt, listenPort }: PeerNode,
): Pick<BgpPeerAddress, 'address' | 'interface'> | string {
  const isAtInterface = !('address' in neighbor);
  const found = isAtInterface ? routerAt(neighbor.interface) : neighbor;
  if ('problem' in found) return `spec.interface is ${neighborText(neighbor)}: ${found.problem}`;
  const { address } = found;
  if (sourceAddress !== undefined && familyOf(sourceAddress) !== familyOf(address)) {
    const expected = isAtInterface
      ? `IPv6, as the router at ${neighbor.interface} has`
      : `the same family as peerAddress, ${address}`;
    return `spec.sourceAddress is ${sourceAddress}: expected an address of ${expected}`;
  }
  const device = isAtInterface ? neighbor.interface : vrf;
  if (isLinkLocal(address) && device === undefined) {
    return `spec.peerAddress is ${address}: a link-local address needs the interface that leads to it, expected it in spec.vrf, or in spec.interface instead of the address`;
  }
  if (passive && listenPort === 0) {
    return `metadata.annotations[${BGP_ANNOTATION.passive}] is true: this node listens on no port for BGP, expected one in the value bgp.listenPort (--bgp-listen-port)`;
  }
  return { address, interface: device };
}

function peeringOf(spec: BgpPeerSpec, address: IpAddress, node: PeerNode): PeeringOptions {
  const { holdSeconds, keepaliveSeconds, connectSeconds, routerId, passive } = spec;
  return {
    localAsn: spec.localAsn ?? spec.myAsn,
    remoteAsn: spec.peerAsn,
    routerId: routerId ?? routerIdOf(node),
    holdSeconds,
    passive,
    keepaliveMs: keepaliveSeconds === undefined ? undefined : keepaliveSeconds * 1_000,
    connectRetryMs: (connectSeconds ?? DEFAULT_CONNECT_SECONDS) * 1_000,
    sendHoldMs: Math.max(SHORTEST_SEND_HOLD_MS, holdSeconds * 1_000 * SEND_HOLD_PER_HOLD),
    capabilities: capabilitiesOf(spec, address, node),
  };
}

function isExternalTo({ myAsn, localAsn, peerAsn }: BgpPeerSpec): boolean {
  return peerAsn !== 'internal' && peerAsn !== (localAsn ?? myAsn);
}

function capabilitiesOf(
  spec: BgpPeerSpec,
  address: IpAddress,
  { forwardsOn: forwarding }: PeerNode,
): PeeringOptions['capabilities'] {
  const { neighbor, dualStackAddressFamily, enableGracefulRestart } = spec;
  const { longLivedStaleSeconds: staleSeconds } = spec;
  const own = familyOf(address);
  // As in MetalLB, a link without addresses is one for both families.
  const hasBoth = dualStackAddressFamily || !('address' in neighbor);
  const families: BgpCapabilities['families'] = hasBoth ? ['IPv4', 'IPv6'] : [own];
  return {
    families,
    ...{ routeRefresh: true, enhancedRouteRefresh: true, extendedMessages: true },
    ipv4OverIpv6: hasBoth && own === 'IPv6',
    // Who takes routes of a cluster gives it transit. A router that says nothing of its own role loses nothing (RFC 9234 §4.2).
    role: isExternalTo(spec) ? 'customer' : undefined,
    gracefulRestart: enableGracefulRestart
      ? {
          // Whoever speaks first has restarted: a router that restarts, too, must not wait for it (RFC 4724 §4.1).
          ...{ restarted: true, afterNotification: false, restartSeconds: RESTART_SECONDS },
          families: families.map((family) => ({ family, forwarding })),
        }
      : undefined,
    longLived:
      staleSeconds === undefined
        ? []
        : families.map((family) => ({ family, forwarding, staleSeconds })),
  };
}

/** RFC 4271 §5.1.3 lets only a router on the same link be an external peer; who wants another says so. */
function hopsOf({ ttlSecurityHops, ebgpMultiHop }: BgpPeerSpec, isExternal: boolean): PeerHops {
  if (ttlSecurityHops !== undefined) return { most: ttlSecurityHops, isSecured: true };
  return { most: isExternal && !ebgpMultiHop ? 1 : undefined, isSecured: false };
}

/** RFC 6286: four octets that no other node of the AS has, and never zero. */
function routerIdOf({ name, internalIps }: PeerNode): IpAddress {
  const own = internalIps.find((ip) => familyOf(ip) === 'IPv4');
  if (own !== undefined) return own;
  const [first = 0, ...rest] = createHash('sha256').update(name).digest().subarray(0, 4);
  return ipFromBytes(Uint8Array.of(first || 1, ...rest));
}
