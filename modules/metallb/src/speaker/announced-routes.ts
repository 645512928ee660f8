import type { Node } from '../api/node.ts';
import { aggregates } from '../bgp/aggregates.ts';
import type { RouteAdvertisement } from '../bgp/route-policy.ts';
import type { IpAddress } from '../net/ip.ts';
import type { ClusterView } from './cluster-view.ts';
import { MultiMap } from './multi-map.ts';
import { NO_ROUTES, type Routes, serviceRoutes } from './service-routes.ts';

/**
 * Whether an IP that is not announced yet is to wait for this node's kube-proxy (network rule 26).
 * @param healthPorts healthCheckNodePorts of its Service, which has endpoints on this node
 */
export type Holds = (ip: IpAddress, healthPorts: readonly number[]) => boolean;

/** What this node announces by BGP, kept level with its view of the cluster: a call looks at what became stale since. */
export class AnnouncedRoutes {
  readonly #nodeName: string;
  readonly #view: ClusterView;
  readonly #holds: Holds;
  readonly #byService = new Map<string, Routes>();
  readonly #byIp = new Map<IpAddress, Map<string, readonly RouteAdvertisement[]>>();
  /** Services by the IPs that wait. */
  readonly #waiting = new MultiMap<IpAddress, string>();
  /** Services whose IPs have waited since the last `take`. */
  #released = new Set<string>();
  #basis = '';

  constructor(nodeName: string, view: ClusterView, holds: Holds) {
    this.#nodeName = nodeName;
    this.#view = view;
    this.#holds = holds;
  }

  /** What is announced of a Service. */
  ofService(service: string): Routes {
    return this.#byService.get(service) ?? NO_ROUTES;
  }

  /** Services of which anything is announced. */
  get services(): Iterable<string> {
    return this.#byService.keys();
  }

  /** All that is announced. */
  get all(): Routes {
    return new Map([...this.#byIp.keys()].map((ip) => [ip, this.#advertisementsOf(ip)]));
  }

  /** These need wait no longer. */
  release(ips: Iterable<IpAddress>): void {
    for (const ip of ips) {
      for (const service of this.#waiting.get(ip)) {
        this.#released.add(service);
        this.#waiting.delete(ip, service);
      }
    }
  }

  /** @param isWithdrawn nothing is to be announced, whatever the cluster says */
  take(isWithdrawn: boolean): {
    /** By IP; none: it is not announced any more. */
    readonly changes: Routes;
    readonly services: ReadonlySet<string>;
  } {
    const node = this.#view.nodes.get(this.#nodeName);
    const basis = this.#basisOf(node, isWithdrawn);
    const isNew = basis !== this.#basis;
    this.#basis = basis;
    const stale = new Set([...this.#view.takeStaleServices(), ...this.#released]);
    this.#released = new Set();
    const services = isNew ? new Set([...stale, ...this.#view.serviceKeys]) : stale;
    const touched = new Set<IpAddress>();
    for (const key of services) {
      const routes = isWithdrawn ? NO_ROUTES : serviceRoutes(key, this.#view, node);
      this.#put(key, this.#served(key, routes), touched);
    }
    return {
      changes: new Map([...touched].map((ip) => [ip, this.#advertisementsOf(ip)])),
      services,
    };
  }

  /** What all Services depend on: this node, and where a class leaves it to some of its nodes, the others. */
  #basisOf(node: Node | undefined, isWithdrawn: boolean): string {
    const isOfSome = [...this.#view.classes].some(({ spec }) => spec.bgp.maxNodes !== undefined);
    const others = isOfSome ? this.#view.nodesVersion : 0;
    const hosts = this.#hasAggregates ? this.#view.hostsVersion : 0;
    return JSON.stringify([isWithdrawn, others, hosts, node?.labels, node?.networkUnavailable]);
  }

  /** An aggregate must not cover a node, wherever that is. */
  get #hasAggregates(): boolean {
    const { advertisements } = this.#view.metallb.bgp.api;
    return (
      advertisements.some(({ spec }) => aggregates(spec)) ||
      [...this.#view.classes].some(({ spec }) => aggregates(spec.bgp))
    );
  }

  /** Without those that wait. */
  #served(key: string, routes: Routes): Routes {
    const healthPort = this.#view.service(key)?.healthCheckNodePort;
    const healthPorts = healthPort === undefined ? [] : [healthPort];
    const waiting = [...routes.keys()].filter(
      (ip) => !this.#byIp.has(ip) && this.#holds(ip, healthPorts),
    );
    if (waiting.length === 0) return routes;
    for (const ip of waiting) this.#waiting.add(ip, key);
    return new Map([...routes].filter(([ip]) => !waiting.includes(ip)));
  }

  #put(service: string, routes: Routes, touched: Set<IpAddress>): void {
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

  /** Of all Services that have the IP; each advertisement once, and once more for each weight that it has. */
  #advertisementsOf(ip: IpAddress): RouteAdvertisement[] {
    const all = [...(this.#byIp.get(ip)?.values() ?? [])].flat();
    return [...new Map(all.map((one) => [`${one.name} ${one.linkBandwidth}`, one])).values()];
  }
}
