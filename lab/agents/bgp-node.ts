import { networkInterfaces } from 'node:os';
import { parseBgpPeer } from '../../modules/metallb/src/api/bgp-peer.ts';
import { formatProblem } from '../../modules/metallb/src/api/problem.ts';
import type { PeeringEvent } from '../../modules/metallb/src/bgp/peering-action.ts';
import {
  familyOf,
  type IpAddress,
  ipFromBigInt,
  ipToBigInt,
  parseIp,
} from '../../modules/metallb/src/net/ip.ts';
import { setUpPeer } from '../../modules/metallb/src/routing/peer-options.ts';
import { type PeerConfig, Sessions } from '../../modules/metallb/src/routing/sessions.ts';
import { systemClock } from '../../modules/metallb/src/time/system-clock.ts';
import type { BgpNodeLook, BgpNodeRequest, NodePeer } from '../bgp-node.ts';
import { serve } from './serve.ts';

/** Speaks BGP as a node's speaker does, with peers and addresses as a scenario names them. */
const EVERYWHERE = {
  ...{ name: 'all', aggregationLength: { IPv4: 32, IPv6: 128 }, localPref: undefined },
  ...{ communities: [], peers: undefined },
};

const events: Record<string, string[]> = {};
const sessions = new Sessions({
  ...{ clock: systemClock, random: Math.random },
  onEvent(peer, event) {
    events[peer] = [...(events[peer] ?? []), wordsOf(event)];
  },
});

function wordsOf(event: PeeringEvent): string {
  if (event.type === 'established' || event.type === 'too-long') return event.type;
  return `${event.type}: ${event.type === 'fault' ? event.fault : event.why}`;
}

function address(text: string): IpAddress {
  const ip = parseIp(text);
  if (ip === undefined) throw new Error(`${text} is no address`);
  return ip;
}

function configOf({ name, spec, passwords = [], problem }: NodePeer): PeerConfig {
  const metadata = { name, uid: name, resourceVersion: '1', creationTimestamp: '' };
  const read = parseBgpPeer({ apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer', metadata, spec });
  if (!read.ok) throw new Error(read.problems.map(formatProblem).join('\n'));
  const routerAt = () => ({ problem: 'nobody looks' });
  const node = { name: 'n1', internalIps: ownIps(), routerAt, listenPort: 0, forwardsOn: false };
  const setup = setUpPeer(read.value, node);
  const why = typeof setup === 'string' ? setup : problem;
  if (typeof setup === 'string' || why !== undefined) {
    return { name, neighbor: name, wanted: { problem: why ?? '' } };
  }
  return { name, neighbor: name, wanted: { setup, passwords } };
}

function ownIps(): IpAddress[] {
  const { eth0 = [] } = networkInterfaces();
  return eth0.map((one) => address(one.address));
}

function announce(first: string, count: number): void {
  const [family, start] = [familyOf(address(first)), ipToBigInt(address(first))];
  for (let index = 0; index < count; index += 1) {
    sessions.routes.setIp(ipFromBigInt(family, start + BigInt(index)), [EVERYWHERE]);
  }
}

async function answer(request: BgpNodeRequest): Promise<BgpNodeLook> {
  if (request.do === 'peers') sessions.setPeers(request.peers.map(configOf));
  if (request.do === 'announce') announce(request.first, request.count);
  if (request.do === 'leave') sessions.setLeaving(true);
  if (request.do === 'stop') await sessions.stop(request.reason);
  else if (request.do !== 'look') sessions.flush();
  return { facts: sessions.facts, events };
}

serve((request) => answer(request as BgpNodeRequest));
