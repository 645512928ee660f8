import type { Node } from '../api/node.ts';
import type { PublishedService } from '../api/published-service.ts';
import { routeAdvertisements } from '../bgp/metallb-routes.ts';
import type { RouteAdvertisement } from '../bgp/route-policy.ts';
import { isServed, rankEndpoints } from '../duty/local-endpoints.ts';
import { bitsOf, familyOf, type IpAddress } from '../net/ip.ts';
import type { ClusterView } from './cluster-view.ts';

/** By IP; none: it is not announced by this node. */
export type RouteChanges = ReadonlyMap<IpAddress, readonly RouteAdvertisement[]>;

type ServiceRoutes = ReadonlyMap<IpAddress, readonly RouteAdvertisement[]>;

const NONE: ServiceRoutes = new Map();

/** What this node announces by BGP, kept level with its view of the cluster: a call looks at what became stale since. */
export class AnnouncedRoutes {
  readonly #nodeName: string;
  readonly #view: ClusterView;
  readonly #byService = new Map<string, ServiceRoutes>();
  readonly #byIp = new Map<IpAddress, Map<string, readonly RouteAdvertisement[]>>();
  #node: string | undefined;
  #isWithdrawn = false;

  constructor(nodeName: string, view: ClusterView) {
    this.#nodeName = nodeName;
    this.#view = view;
  }

  /** What is announced of a Service. */
  ofService(service: string): ServiceRoutes {
    return this.#byService.get(service) ?? NONE;
  }

  /** Services of which anything is announced. */
  get services(): Iterable<string> {
    return this.#byService.keys();
  }

  /** All that is announced. */
  get all(): RouteChanges {
    return new Map([...this.#byIp.keys()].map((ip) => [ip, this.#advertisementsOf(ip)]));
  }

  /** @param isWithdrawn nothing is to be announced, whatever the cluster says */
  take(isWithdrawn: boolean): {
    readonly changes: RouteChanges;
    readonly services: ReadonlySet<string>;
  } {
    const node = this.#view.nodes.get(this.#nodeName);
    const facts = node && JSON.stringify([node.labels, node.networkUnavailable]);
    const isNew = facts !== this.#node || isWithdrawn !== this.#isWithdrawn;
    this.#node = facts;
    this.#isWithdrawn = isWithdrawn;
    const stale = this.#view.takeStaleServices();
    const services = isNew ? new Set([...stale, ...this.#view.serviceKeys]) : stale;
    const touched = new Set<IpAddress>();
    for (const key of services) {
      this.#put(key, isWithdrawn ? NONE : this.#routesOf(key, node), touched);
    }
    return {
      changes: new Map([...touched].map((ip) => [ip, this.#advertisementsOf(ip)])),
      services,
    };
  }

  #put(service: string, routes: ServiceRoutes, touched: Set<IpAddress>): void {
    for (const ip of this.ofService(service).keys()) {
      touched.add(ip);
      const sharers = this.#byIp.get(ip);
      sharers?.delete(service);
      if (sharers?.size === 0) this.#byIp.delete(ip);
    }
    for (const [ip, advertisements] of routes) {
      touched.add(ip);
      const sharers = this.#byIp.get(ip) ?? new Map();
      this.#byIp.set(ip, sharers.set(service, advertisements));
    }
    if (routes.size === 0) this.#byService.delete(service);
    else this.#byService.set(service, routes);
  }

  /** Of all Services that have the IP; each advertisement once. */
  #advertisementsOf(ip: IpAddress): RouteAdvertisement[] {
    const all = [...(this.#byIp.get(ip)?.values() ?? [])].flat();
    return [...new Map(all.map((advertisement) => [advertisement.name, advertisement])).values()];
  }

  #routesOf(key: string, node: Node | undefined): ServiceRoutes {
    const service = this.#view.service(key);
    if (service === undefined || node === undefined || node.networkUnavailable) return NONE;
    if (!this.#isServedHere(key, service)) return NONE;
    const { labels = {} } = service.metadata;
    const { api } = this.#view.metallb.bgp;
    const routes = new Map<IpAddress, RouteAdvertisement[]>();
    for (const { holding, pool } of this.#view.metallb.heldBy(key)) {
      if (pool === undefined) continue;
      const all = routeAdvertisements(api, pool, labels, node);
      const fitting = all.filter((one) => isFitting(one, holding.ip, service));
      if (fitting.length > 0) routes.set(holding.ip, fitting);
    }
    return routes;
  }

  /** Whether packets that come here reach an endpoint. */
  #isServedHere(key: string, { externalTrafficPolicy }: PublishedService): boolean {
    const slices = this.#view.slicesOf(key);
    return externalTrafficPolicy === 'Local'
      ? rankEndpoints(slices).has(this.#nodeName)
      : isServed(slices);
  }
}

/**
 * An aggregate stands for addresses that other nodes alone serve, where each serves its own endpoints only (network
 * rule 32).
 */
function isFitting(
  { aggregationLength }: RouteAdvertisement,
  ip: IpAddress,
  { externalTrafficPolicy }: PublishedService,
): boolean {
  const family = familyOf(ip);
  return externalTrafficPolicy === 'Cluster' || aggregationLength[family] === bitsOf(family);
}
