import type { Child } from '../api/child.ts';
import type { EndpointSlice } from '../api/endpoint-slice.ts';
import type { MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import type { Node } from '../api/node.ts';
import { keyOf } from '../api/object.ts';
import type { PublishedService } from '../api/published-service.ts';
import { hostsOf } from '../bgp/hosts.ts';
import type { BgpApi, RoutedApi } from '../bgp/metallb-routes.ts';
import { type GroupPolicy, policyOfClass } from '../duty/group-policy.ts';
import { type Holding, holdingsOfChild } from '../duty/holding.ts';
import type { IpAddress } from '../net/ip.ts';
import type { IpRange } from '../net/range.ts';
import { HoldingIndex } from './holding-index.ts';
import { type MetallbOptions, MetallbView } from './metallb-view.ts';
import { MultiMap } from './multi-map.ts';

/** What one change makes worth another look. Collected until somebody looks. */
export interface Stale {
  readonly ips: Set<IpAddress>;
  readonly groups: Set<string>;
  pools: boolean;
}

/**
 * What this node knows of the cluster, with the indexes that find what a change concerns. Each `set…` takes the new
 * state of one object, or undefined when it is gone.
 */
export class ClusterView {
  readonly #children = new Map<string, Child>();
  readonly #policies = new Map<string, GroupPolicy>();
  /** Those in force. */
  readonly #classes = new Map<string, MetalLoadBalancerClass>();
  /** Deleted while children name them: their last-known spec stays in force. */
  readonly #deletedClasses = new Set<string>();
  readonly #nodes = new Map<string, Node>();
  readonly #slices = new Map<string, EndpointSlice>();
  readonly #services = new Map<string, PublishedService>();
  readonly #holdings = new HoldingIndex();
  readonly #childrenByIp = new MultiMap<IpAddress, string>();
  readonly #childrenByClass = new MultiMap<string, string>();
  readonly #childrenByService = new MultiMap<string, string>();
  readonly #slicesByService = new MultiMap<string, string>();
  #stale: Stale = newStale();
  #published = new Set<IpAddress>();
  #staleServices = new Set<string>();
  #poolsChanged = false;
  #nodesVersion = 0;
  #hostsVersion = 0;
  /** Undefined after a change of nodes' addresses. */
  #routed: { readonly basis: BgpApi; readonly api: RoutedApi } | undefined;
  /** What MetalLB's API says. */
  readonly metallb: MetallbView;

  constructor(options: MetallbOptions) {
    this.metallb = new MetallbView(options, {
      services: this.#services,
      hasChildren: (service) => this.#childrenByService.has(service),
      setHoldings: (service, holdings) =>
        this.staleIps(this.#holdings.set(`Service ${service}`, holdings)),
      setPolicy: (id, policy) => this.#setPolicy(id, policy),
      onRanges: () => {
        this.#stale.pools = true;
        this.#poolsChanged = true;
      },
      onServices: (keys) => this.#staleRoutes(keys),
    });
  }

  /** Of all groups, by id. */
  get policies(): ReadonlyMap<string, GroupPolicy> {
    return this.#policies;
  }

  /** Another one whenever anything that is chosen by may be another, of any node. */
  get nodesVersion(): number {
    return this.#nodesVersion;
  }

  /** Another one whenever a node has other addresses. */
  get hostsVersion(): number {
    return this.#hostsVersion;
  }

  /** What MetalLB's API says of BGP, and whom no aggregate may cover. */
  get routedApi(): RoutedApi {
    const { api } = this.metallb.bgp;
    if (this.#routed?.basis !== api) {
      const hosts = hostsOf(api.peers, this.#nodes.values());
      this.#routed = { basis: api, api: { ...api, hosts } };
    }
    return this.#routed.api;
  }

  /** Also one that is gone while children name it. */
  class(name: string): MetalLoadBalancerClass | undefined {
    return this.#classes.get(name);
  }

  get classes(): Iterable<MetalLoadBalancerClass> {
    return this.#classes.values();
  }

  childrenOf(service: string): Child[] {
    return existing(this.#children, this.#childrenByService.get(service));
  }

  get nodes(): ReadonlyMap<string, Node> {
    return this.#nodes;
  }

  /** Address space of all that is announced by ARP and NDP. */
  layer2Ranges(): IpRange[] {
    const policies = [...this.#policies.values()].filter(({ isLayer2 }) => isLayer2);
    return [...policies.flatMap(({ pools }) => pools), ...this.metallb.ranges()];
  }

  holdingsOf(ip: IpAddress): Holding[] {
    return this.#holdings.withIp(ip);
  }

  ipsOfGroup(id: string): IpAddress[] {
    return this.#holdings.ipsOfGroup(id);
  }

  /** Services that hold the IP themselves: those of MetalLB's API. */
  servicesWithIp(ip: IpAddress): PublishedService[] {
    return this.metallb.holdersOf(this.holdingsOf(ip));
  }

  childrenWithIp(ip: IpAddress): Child[] {
    return existing(this.#children, this.#childrenByIp.get(ip));
  }

  slicesOf(service: string): EndpointSlice[] {
    return existing(this.#slices, this.#slicesByService.get(service));
  }

  /** A Service as this node's kube-proxy knows it. */
  service(key: string): PublishedService | undefined {
    return this.#services.get(key);
  }

  get serviceKeys(): Iterable<string> {
    return this.#services.keys();
  }

  /** IPs that a Service's status names and did not at the last call. */
  takePublished(): ReadonlySet<IpAddress> {
    const published = this.#published;
    this.#published = new Set();
    return published;
  }

  /** Whether any policy, pool or advertisement may be another than at the last call. */
  takePoolsChanged(): boolean {
    const changed = this.#poolsChanged;
    this.#poolsChanged = false;
    return changed;
  }

  /** What changed since the last call. */
  takeStale(): Stale {
    this.metallb.settle();
    const stale = this.#stale;
    this.#stale = newStale();
    return stale;
  }

  /** Services that may be announced otherwise by BGP than at the last call. */
  takeStaleServices(): ReadonlySet<string> {
    this.metallb.settle();
    const stale = this.#staleServices;
    this.#staleServices = new Set();
    return stale;
  }

  setChild(key: string, child: Child | undefined): void {
    const old = this.#children.get(key);
    if (old !== undefined) this.#unindexChild(key, old);
    if (child === undefined) this.#children.delete(key);
    else this.#indexChild(key, child);
    this.staleIps(this.#holdings.set(key, child === undefined ? [] : holdingsOfChild(child)));
    if (old !== undefined) this.#forgetUnusedClass(old.className);
  }

  setClass(name: string, clazz: MetalLoadBalancerClass | undefined): void {
    if (clazz === undefined) {
      this.#deletedClasses.add(name);
      this.#forgetUnusedClass(name);
      return;
    }
    this.#deletedClasses.delete(name);
    this.#classes.set(name, clazz);
    this.#setPolicy(name, policyOfClass(clazz));
    this.#staleClass(name);
  }

  #staleClass(name: string): void {
    const children = existing(this.#children, this.#childrenByClass.get(name));
    this.#staleRoutes(children.map(({ serviceRef }) => keyOf(serviceRef)));
  }

  setNode(name: string, node: Node | undefined): void {
    const old = this.#nodes.get(name);
    if (node === undefined) this.#nodes.delete(name);
    else this.#nodes.set(name, node);
    if (String(old?.internalIps) !== String(node?.internalIps)) {
      this.#hostsVersion += 1;
      this.#routed = undefined;
    }
    if (old !== undefined && node !== undefined && electsAlike(old, node)) return;
    this.#nodesVersion += 1;
    for (const policy of this.#policies.values()) {
      const concerned = [old, node].some((each) => each !== undefined && policy.selects(each));
      if (concerned) this.#stale.groups.add(policy.id);
    }
  }

  setSlice(key: string, slice: EndpointSlice | undefined): void {
    const old = this.#slices.get(key);
    if (old !== undefined) this.#slicesByService.delete(old.service, key);
    if (slice === undefined) {
      this.#slices.delete(key);
    } else {
      this.#slices.set(key, slice);
      this.#slicesByService.add(slice.service, key);
    }
    for (const service of [old?.service, slice?.service]) {
      if (service === undefined) continue;
      this.staleIps(this.#holdings.ipsOfService(service));
      this.#staleRoutes([service]);
    }
  }

  setService(key: string, service: PublishedService | undefined): void {
    const before = this.#services.get(key)?.ingress ?? [];
    const after = service?.ingress ?? [];
    if (service === undefined) this.#services.delete(key);
    else this.#services.set(key, service);
    this.metallb.staleService(key);
    const added = after.filter((ip) => !before.includes(ip));
    for (const ip of added) this.#published.add(ip);
    this.staleIps([...added, ...before.filter((ip) => !after.includes(ip))]);
  }

  /** These may be decided otherwise now. */
  staleIps(ips: Iterable<IpAddress>): void {
    for (const ip of ips) this.#stale.ips.add(ip);
  }

  /** The group itself may decide otherwise now: its members and all its IPs. */
  staleGroup(id: string): void {
    this.#stale.groups.add(id);
    this.#stale.pools = true;
    this.staleIps(this.ipsOfGroup(id));
  }

  /** In an edition without BGP nobody would ever take them. */
  #staleRoutes(services: Iterable<string>): void {
    if (!this.metallb.hasBgp) return;
    for (const service of services) this.#staleServices.add(service);
  }

  #forgetUnusedClass(name: string): void {
    if (!this.#deletedClasses.has(name) || this.#childrenByClass.has(name)) return;
    this.#deletedClasses.delete(name);
    this.#classes.delete(name);
    this.#setPolicy(name, undefined);
  }

  #setPolicy(id: string, policy: GroupPolicy | undefined): void {
    this.#poolsChanged = true;
    if (policy === undefined) this.#policies.delete(id);
    else this.#policies.set(id, policy);
    this.staleGroup(id);
  }

  #indexChild(key: string, child: Child): void {
    this.#children.set(key, child);
    if (child.status.ip !== undefined) this.#childrenByIp.add(child.status.ip, key);
    this.#childrenByClass.add(child.className, key);
    this.#childrenByService.add(keyOf(child.serviceRef), key);
    this.metallb.staleService(keyOf(child.serviceRef));
    this.#staleRoutes([keyOf(child.serviceRef)]);
  }

  #unindexChild(key: string, child: Child): void {
    if (child.status.ip !== undefined) this.#childrenByIp.delete(child.status.ip, key);
    this.#childrenByClass.delete(child.className, key);
    this.#childrenByService.delete(keyOf(child.serviceRef), key);
    this.metallb.staleService(keyOf(child.serviceRef));
    this.#staleRoutes([keyOf(child.serviceRef)]);
  }
}

function newStale(): Stale {
  return { ips: new Set(), groups: new Set(), pools: false };
}

function existing<T>(objects: ReadonlyMap<string, T>, keys: ReadonlySet<string>): T[] {
  return [...keys].flatMap((key) => objects.get(key) ?? []);
}

/** A node's status changes every few minutes for reasons that no election looks at. */
function electsAlike(a: Node, b: Node): boolean {
  return (
    a.draining === b.draining &&
    a.ready?.status === b.ready?.status &&
    a.ready?.since === b.ready?.since &&
    a.networkUnavailable === b.networkUnavailable &&
    JSON.stringify(a.labels) === JSON.stringify(b.labels)
  );
}
