import type { ConditionValue } from '../../hooks/lib/status-patch.ts';
import { editionRequiredOfClass } from '../api/edition.ts';
import {
  isLayer2,
  isRouted,
  type MetalLoadBalancerClass,
} from '../api/metal-load-balancer-class.ts';
import { formatProblems } from '../api/problem.ts';
import { classRouteFaults } from '../bgp/class-routes.ts';
import type { RoutedApi } from '../bgp/metallb-routes.ts';

/** What the routes of a class depend on beside itself. */
export interface ClassRouteView {
  /** Of Deckhouse: not every one has BGP. */
  readonly edition: string;
  readonly bgp: RoutedApi;
}

/** What there is to say of the routes that a class asks for. */
export function classRemarks(
  owner: MetalLoadBalancerClass,
  { edition, bgp }: ClassRouteView,
): ConditionValue[] {
  if (!isRouted(owner)) return [];
  const missing = editionRequiredOfClass(edition, owner.spec.type);
  if (missing !== undefined) {
    return [{ status: 'False', reason: 'EditionRequired', message: missing }];
  }
  return [...refusals(owner, bgp), ...unknownPeers(owner, bgp)];
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

function unknownPeers({ spec }: MetalLoadBalancerClass, { peers }: RoutedApi): ConditionValue[] {
  const known = new Set(peers.map(({ metadata }) => metadata.name));
  const unknown = spec.bgp.peers.filter((name) => !known.has(name));
  if (unknown.length === 0) return [];
  const message = `there is no BGPPeer ${unknown.join(', ')}`;
  return [{ status: 'True', reason: 'UnknownPeer', message }];
}
