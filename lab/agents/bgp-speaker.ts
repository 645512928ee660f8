import { AdjRibOut, type RouteAttributes } from '../../modules/metallb/src/bgp/adj-rib-out.ts';
import type { PeeringEvent } from '../../modules/metallb/src/bgp/peering-action.ts';
import {
  type BgpListener,
  type ListenedPeer,
  listenForBgp,
  type PeerHops,
} from '../../modules/metallb/src/linux/bgp-socket.ts';
import { type IpAddress, ipFromBigInt, parseIp } from '../../modules/metallb/src/net/ip.ts';
import { type Cidr, cidrsOf, parseRange } from '../../modules/metallb/src/net/range.ts';
import { BGP_REASON, ceaseWith } from '../../modules/metallb/src/packet/bgp-error.ts';
import { PeerSession } from '../../modules/metallb/src/routing/peer-session.ts';
import { systemClock } from '../../modules/metallb/src/time/system-clock.ts';
import type { BgpRequest, PeerLook, PeerSpec, RouteSpec, SpeakerLook } from '../bgp-speaker.ts';
import { serve } from './serve.ts';

/** Speaks BGP as the product does, with peers and routes as a scenario names them. */

interface Peer {
  readonly spec: PeerSpec;
  passwords: readonly string[];
  readonly rib: AdjRibOut;
  readonly session: PeerSession;
  readonly events: { at: number; text: string }[];
}

const peers = new Map<string, Peer>();
const listeners: BgpListener[] = [];

function address(text: string): IpAddress {
  const ip = parseIp(text);
  if (ip === undefined) throw new Error(`${text} is no address`);
  return ip;
}

function prefix(text: string): Cidr {
  const range = parseRange(text);
  const [cidr] = typeof range === 'string' ? [] : cidrsOf(range);
  if (cidr === undefined) throw new Error(`${text} is no prefix`);
  return cidr;
}

async function listen(port: number): Promise<void> {
  for (const family of ['IPv4', 'IPv6'] as const) {
    const listener = await listenForBgp({
      ...{ family, port, peers: listened(), onStranger: () => undefined },
      onConnection: (socket, from) => {
        const peer = [...peers.values()].find(({ spec }) => spec.address === from);
        if (peer === undefined) socket.destroy();
        else peer.session.accept(socket);
      },
      onError: (error) => {
        throw error;
      },
    });
    listeners.push(listener);
  }
}

/** Peers as those who may connect. */
function listened(): ListenedPeer[] {
  return [...peers.values()].map(({ spec, passwords: [password] }) => ({
    ...{ address: address(spec.address), password },
    hops: hopsOf(spec),
  }));
}

function hopsOf({ hops: most, gtsm: isSecured = false }: PeerSpec): PeerHops {
  return { most, isSecured };
}

function addPeer(spec: PeerSpec): void {
  const rib = new AdjRibOut();
  const events: Peer['events'] = [];
  const families = spec.families ?? ['IPv4', 'IPv6'];
  const session = new PeerSession(
    {
      clock: systemClock,
      random: Math.random,
      tell: (event) => void events.push({ at: Date.now(), text: wordsOf(event) }),
    },
    rib,
    {
      peer: {
        address: address(spec.address),
        port: spec.port ?? 179,
        source: spec.source === undefined ? undefined : address(spec.source),
        interface: spec.interface,
        hops: hopsOf(spec),
      },
      passwords: spec.passwords ?? [],
      peering: {
        ...{ localAsn: spec.localAsn, remoteAsn: spec.remoteAsn, routerId: address(spec.routerId) },
        ...{ holdSeconds: spec.holdSeconds ?? 9, passive: spec.passive ?? false },
        ...{ connectRetryMs: spec.connectRetryMs ?? 2_000, keepaliveMs: undefined },
        sendHoldMs: spec.sendHoldMs ?? 240_000,
        capabilities: {
          ...{ families, routeRefresh: true, enhancedRouteRefresh: true, extendedMessages: true },
          ...{ ipv4OverIpv6: spec.ipv4OverIpv6 ?? false, role: spec.role, longLived: [] },
          gracefulRestart: {
            ...{ restarted: false, afterNotification: false, restartSeconds: 10 },
            families: families.map((family) => ({ family, forwarding: false })),
          },
        },
      },
    },
  );
  peers.set(spec.name, { spec, passwords: spec.passwords ?? [], rib, session, events });
  for (const listener of listeners) listener.setPeers(listened());
  session.start();
}

function wordsOf(event: PeeringEvent): string {
  if (event.type === 'established' || event.type === 'too-long') return event.type;
  return `${event.type}: ${event.type === 'fault' ? event.fault : event.why}`;
}

function peerNamed(name: string): Peer {
  const peer = peers.get(name);
  if (peer === undefined) throw new Error(`no peer ${name}`);
  return peer;
}

function attributesFor({ spec }: Peer, route: RouteSpec): RouteAttributes {
  const isInternal = spec.remoteAsn === 'internal' || spec.remoteAsn === spec.localAsn;
  const { prepend = 0, communities = [], large = [], extended = [] } = route;
  return {
    asPath: isInternal ? [] : Array.from({ length: 1 + prepend }, () => spec.localAsn),
    localPref: isInternal ? (route.localPref ?? 100) : undefined,
    med: route.med,
    communities: communities.map((text) => {
      const [high = 0, low = 0] = text.split(':').map(Number);
      return high * 0x1_0000 + low;
    }),
    largeCommunities: large.map((text) => {
      const [global = 0, first = 0, second = 0] = text.split(':').map(Number);
      return [global, first, second] as const;
    }),
    extendedCommunities: extended.map((hex) => BigInt(`0x${hex}`)),
  };
}

function announce(peer: Peer, route: RouteSpec): void {
  const attributes = attributesFor(peer, route);
  const first = prefix(route.prefix);
  for (let index = 0; index < (route.count ?? 1); index += 1) {
    const network = first.network + BigInt(index);
    peer.rib.set({ prefix: { ...first, network }, attributes });
  }
  peer.session.changed();
}

function withdraw(peer: Peer, text: string, count: number): void {
  const { family, network, prefixLength } = prefix(text);
  for (let index = 0; index < count; index += 1) {
    peer.rib.delete(`${ipFromBigInt(family, network + BigInt(index))}/${prefixLength}`);
  }
  peer.session.changed();
}

function look(): SpeakerLook {
  const all = [...peers].map(([name, { session, rib, events }]): [string, PeerLook] => {
    const { phase, why, receivedCount, negotiated } = session.peering;
    return [
      name,
      {
        ...{ phase, why, received: receivedCount, told: rib.toldCount, waiting: rib.pendingCount },
        events: [...events],
        families: negotiated?.families ?? [],
        holdMs: negotiated?.holdMs ?? 0,
      },
    ];
  });
  const { user, system } = process.cpuUsage();
  return {
    peers: Object.fromEntries(all),
    rssMiB: process.memoryUsage.rss() / 2 ** 20,
    cpuMs: (user + system) / 1_000,
  };
}

async function answer(request: BgpRequest): Promise<SpeakerLook> {
  switch (request.do) {
    case 'listen':
      await listen(request.port ?? 179);
      break;
    case 'peer':
      addPeer(request.peer);
      break;
    case 'announce':
      for (const peer of peers.values()) for (const one of request.routes) announce(peer, one);
      break;
    case 'withdraw':
      for (const peer of peers.values()) withdraw(peer, request.prefix, request.count ?? 1);
      break;
    case 'passwords': {
      const peer = peerNamed(request.peer);
      peer.passwords = request.passwords;
      for (const listener of listeners) listener.setPeers(listened());
      peer.session.setPasswords(request.passwords);
      break;
    }
    case 'stop':
      void peerNamed(request.peer).session.stop(
        ceaseWith(BGP_REASON.administrativeShutdown, request.message),
      );
      break;
    case 'start':
      peerNamed(request.peer).session.start();
      break;
    case 'look':
      break;
  }
  return look();
}

serve((request) => answer(request as BgpRequest));
