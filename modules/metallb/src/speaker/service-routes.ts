import type { MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import type { Node } from '../api/node.ts';
import type { PublishedService } from '../api/published-service.ts';
import { isFitting } from '../bgp/aggregates.ts';
import { chosenNodes, classAdvertisement } from '../bgp/class-routes.ts';
import { peersOfNode, routeAdvertisements } from '../bgp/metallb-routes.ts';
import type { RouteAdvertisement } from '../bgp/route-policy.ts';
import { countEndpoints, isServed, rankEndpoints, slicesFor } from '../duty/local-endpoints.ts';
import type { IpAddress } from '../net/ip.ts';
import type { ClusterView } from './cluster-view.ts';

/** What is announced of which IP. */
export type Routes = ReadonlyMap<IpAddress, readonly RouteAdvertisement[]>;

export const NO_ROUTES: Routes = new Map();

/** What a node announces by BGP of the IPs of a Service, whoever gave them: a class, or MetalLB's API. */
export function serviceRoutes(key: string, view: ClusterView, node: Node | undefined): Routes {
  const service = view.service(key);
  if (service === undefined || node === undefined || node.networkUnavailable) return NO_ROUTES;
  const serversOf = serving(view, key, service);
  const endpoints = servingEndpoints(view, key, service, node);
  const routes = new Map<IpAddress, RouteAdvertisement[]>();
  const wanted = [
    ...byMetallb(key, view, service, node),
    ...byClasses(key, view, { service, node, serversOf }),
  ];
  for (const [ip, advertisements] of wanted) {
    if (!serversOf(ip)(node)) continue;
    const fitting = advertisements.filter((one) =>
      isFitting(one.aggregationLength, ip, service.externalTrafficPolicy),
    );
    if (fitting.length > 0)
      routes.set(
        ip,
        fitting.map((one) => weighed(one, endpoints(ip))),
      );
  }
  return routes;
}

type Wanted = readonly [IpAddress, readonly RouteAdvertisement[]];

function byMetallb(
  key: string,
  { metallb, routedApi }: ClusterView,
  { metadata }: PublishedService,
  node: Node,
): Wanted[] {
  return metallb.heldBy(key).flatMap(({ holding, pool }): Wanted[] => {
    if (pool === undefined) return [];
    return [[holding.ip, routeAdvertisements(routedApi, pool, metadata.labels ?? {}, node)]];
  });
}

interface ClassInputs {
  readonly service: PublishedService;
  readonly node: Node;
  readonly serversOf: ServersOf;
}

function byClasses(
  key: string,
  view: ClusterView,
  { service, node, serversOf }: ClassInputs,
): Wanted[] {
  return view.childrenOf(key).flatMap(({ status: { ip }, className }): Wanted[] => {
    const [owner, policy] = [view.class(className), view.policies.get(className)];
    // Network rule 26: a Service's status is all that kube-proxy reads, so without it nobody would serve the IP.
    if (owner === undefined || ip === undefined || !service.ingress.includes(ip)) return [];
    const advertisement = classAdvertisement(owner, view.routedApi);
    if (advertisement === undefined || !policy?.selects(node)) return [];
    const isHere = serversOf(ip);
    const hasPeer = peerOf(advertisement, view);
    const couldAnnounce = (each: Node) =>
      policy.selects(each) && isHere(each) && hasPeer(each) && !each.networkUnavailable;
    return isChosen(owner, ip, node, candidates(view, couldAnnounce))
      ? [[ip, [advertisement]]]
      : [];
  });
}

/** Where only some announce, a node that leaves goes on beside its successor until it withdraws. */
function isChosen(
  { spec }: MetalLoadBalancerClass,
  ip: IpAddress,
  node: Node,
  candidates: () => readonly string[],
): boolean {
  if (spec.bgp.maxNodes === undefined) return true;
  const { name } = node.metadata;
  const others = candidates();
  const all = isLeaving(node) && !others.includes(name) ? [...others, name] : others;
  return chosenNodes(spec.bgp, ip, all).includes(name);
}

/** Nodes that could announce, as far as the API knows. */
function candidates(view: ClusterView, couldAnnounce: (node: Node) => boolean): () => string[] {
  return () => {
    const staying = [...view.nodes.values()].filter(
      (node) => !isLeaving(node) && couldAnnounce(node),
    );
    const isReady = ({ ready }: Node) => ready === undefined || ready.status === 'True';
    const ready = staying.filter(isReady);
    // Network rule 11: when more than half are not Ready, the fault is the control plane's.
    const counted = 2 * ready.length < staying.length ? staying : ready;
    return counted.map(({ metadata }) => metadata.name);
  };
}

/** Whether a node has a router that is told of this. */
function peerOf({ peers }: RouteAdvertisement, view: ClusterView): (node: Node) => boolean {
  const { api } = view.metallb.bgp;
  return (node) => peersOfNode(api, node).some(({ metadata }) => peers?.has(metadata.name) ?? true);
}

/** Its routes are withdrawn after a while. */
export function isLeaving({ draining, excluded }: Node): boolean {
  return draining || excluded;
}

/** From which nodes packets to an IP reach an endpoint. */
type ServersOf = (ip: IpAddress) => (node: Node) => boolean;

function serving(
  view: ClusterView,
  key: string,
  { externalTrafficPolicy }: PublishedService,
): ServersOf {
  const slices = view.slicesOf(key);
  return (ip) => {
    const own = slicesFor(ip, slices);
    if (externalTrafficPolicy === 'Local') {
      const ranks = rankEndpoints(own);
      return ({ metadata }) => ranks.has(metadata.name);
    }
    const isServedAnywhere = isServed(own);
    return () => isServedAnywhere;
  };
}

/** How many a packet to this IP that comes to this node may be for; with the policy `Cluster` all nodes are alike. */
function servingEndpoints(
  view: ClusterView,
  key: string,
  { externalTrafficPolicy }: PublishedService,
  { metadata }: Node,
): (ip: IpAddress) => number {
  if (externalTrafficPolicy === 'Cluster') return () => 1;
  const slices = view.slicesOf(key);
  return (ip) => countEndpoints(slicesFor(ip, slices), metadata.name);
}

/** Routers share flows out by what a node says that it takes: as much as each of its endpoints does. */
function weighed(advertisement: RouteAdvertisement, endpoints: number): RouteAdvertisement {
  const { linkBandwidth } = advertisement;
  if (linkBandwidth === undefined) return advertisement;
  return { ...advertisement, linkBandwidth: linkBandwidth * endpoints };
}
