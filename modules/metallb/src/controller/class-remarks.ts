import type { ConditionValue } from '../../hooks/lib/status-patch.ts';
import { editionRequiredOfClass } from '../api/edition.ts';
import {
  isLayer2,
  isRouted,
  type MetalLoadBalancerClass,
} from '../api/metal-load-balancer-class.ts';
import type { Node } from '../api/node.ts';
import { formatProblems } from '../api/problem.ts';
import { classRouteFaults } from '../bgp/class-routes.ts';
import { peersOfNode, type RoutedApi } from '../bgp/metallb-routes.ts';
import { balancerNodes } from '../placement/balancer-nodes.ts';

/** What the routes of a class depend on beside itself. */
export interface ClassRouteView {
  /** Of Deckhouse: not every one has BGP. */
  readonly edition: string;
  readonly bgp: RoutedApi;
}

/** What there is to say of the routes that a class asks for. */
export function classRemarks(
  owner: MetalLoadBalancerClass,
  nodes: readonly Node[],
  { edition, bgp }: ClassRouteView,
): ConditionValue[] {
  if (!isRouted(owner)) return [];
  const missing = editionRequiredOfClass(edition, owner.spec.type);
  if (missing !== undefined) {
    return [{ status: 'False', reason: 'EditionRequired', message: missing }];
  }
  return [...refusals(owner, bgp), ...unknownPeers(owner, bgp), ...noPeer(owner, nodes, bgp)];
}

function refusals(owner: MetalLoadBalancerClass, bgp: RoutedApi): ConditionValue[] {
  const faults = classRouteFaults(owner, bgp);
  const [first] = faults;
  if (first === undefined) return [];
  const problems = formatProblems(faults.map(({ problem }) => problem));
  const announced = isLayer2(owner)
    ? 'its IPs are announced by ARP and NDP alone'
    : 'nobody announces its IPs';
  const message = `${problems}; ${announced} until that is mended`;
  return [{ status: 'False', reason: first.reason, message }];
}

/** Without a node nobody announces anything, which the class says of its nodes. */
function noPeer(
  { spec }: MetalLoadBalancerClass,
  nodes: readonly Node[],
  bgp: RoutedApi,
): ConditionValue[] {
  const names = new Set(balancerNodes(spec, nodes).map(({ name }) => name));
  const own = nodes.filter(({ metadata }) => names.has(metadata.name));
  const { peers } = spec.bgp;
  const isOne = (name: string) => peers.length === 0 || peers.includes(name);
  const hasPeer = own.some((node) =>
    peersOfNode(bgp, node).some(({ metadata }) => isOne(metadata.name)),
  );
  if (own.length === 0 || hasPeer) return [];
  const message = 'no BGPPeer of it is for a node of the class: nobody is told of its IPs by BGP';
  return [{ status: 'True', reason: 'NoPeer', message }];
}

function unknownPeers({ spec }: MetalLoadBalancerClass, { peers }: RoutedApi): ConditionValue[] {
  const known = new Set(peers.map(({ metadata }) => metadata.name));
  const unknown = spec.bgp.peers.filter((name) => !known.has(name));
  if (unknown.length === 0) return [];
  const message = `there is no BGPPeer ${unknown.join(', ')}`;
  return [{ status: 'True', reason: 'UnknownPeer', message }];
}
