import type { Child } from '../api/child.ts';
import type { EndpointSlice } from '../api/endpoint-slice.ts';
import type { MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import type { Node } from '../api/node.ts';
import { keyOf } from '../api/object.ts';
import type { PublishedService } from '../api/published-service.ts';
import { isMember } from '../duty/node-group.ts';
import type { IpAddress } from '../net/ip.ts';
import { MultiMap } from './multi-map.ts';

/** What one change makes worth another look. Collected until somebody looks. */
export interface Stale {
  readonly ips: Set<IpAddress>;
  readonly classes: Set<string>;
  pools: boolean;
}

/**
 * What this node knows of the cluster, with the indexes that find what a change concerns. Each `set…` takes the new
 * state of one object, or undefined when it is gone.
 */
export class ClusterView {
  readonly #children = new Map<string, Child>();
  readonly #classes = new Map<string, MetalLoadBalancerClass>();
  /** Deleted while children name them: their last-known spec stays in force. */
  readonly #deletedClasses = new Set<string>();
  readonly #nodes = new Map<string, Node>();
  readonly #slices = new Map<string, EndpointSlice>();
  readonly #services = new Map<string, PublishedService>();
  readonly #childrenByIp = new MultiMap<IpAddress, string>();
  readonly #childrenByClass = new MultiMap<string, string>();
  readonly #childrenByService = new MultiMap<string, string>();
  readonly #slicesByService = new MultiMap<string, string>();
  #stale: Stale = newStale();
  #published = new Set<IpAddress>();
  #classesChanged = false;

  get classes(): ReadonlyMap<string, MetalLoadBalancerClass> {
    return this.#classes;
  }

  get nodes(): ReadonlyMap<string, Node> {
    return this.#nodes;
  }

  childrenWithIp(ip: IpAddress): Child[] {
    return this.#existing(this.#children, this.#childrenByIp.get(ip));
  }

  ipsOfClass(name: string): IpAddress[] {
    return ipsOf(this.#existing(this.#children, this.#childrenByClass.get(name)));
  }

  slicesOf(service: string): EndpointSlice[] {
    return this.#existing(this.#slices, this.#slicesByService.get(service));
  }

  /** A Service as this node's kube-proxy knows it. */
  service(key: string): PublishedService | undefined {
    return this.#services.get(key);
  }

  /** IPs that a Service's status names and did not at the last call. */
  takePublished(): ReadonlySet<IpAddress> {
    const published = this.#published;
    this.#published = new Set();
    return published;
  }

  /** Whether any class is another than at the last call. */
  takeClassesChanged(): boolean {
    const changed = this.#classesChanged;
    this.#classesChanged = false;
    return changed;
  }

  /** What changed since the last call. */
  takeStale(): Stale {
    const stale = this.#stale;
    this.#stale = newStale();
    return stale;
  }

  setChild(key: string, child: Child | undefined): void {
    const old = this.#children.get(key);
    if (old !== undefined) this.#unindexChild(key, old);
    if (child === undefined) this.#children.delete(key);
    else this.#indexChild(key, child);
    for (const ip of ipsOf([old, child])) this.#stale.ips.add(ip);
    if (old !== undefined) this.#forgetUnusedClass(old.className);
  }

  setClass(name: string, clazz: MetalLoadBalancerClass | undefined): void {
    this.#classesChanged = true;
    if (clazz === undefined) {
      this.#deletedClasses.add(name);
      this.#forgetUnusedClass(name);
      return;
    }
    this.#deletedClasses.delete(name);
    this.#classes.set(name, clazz);
    this.staleClass(name);
  }

  setNode(name: string, node: Node | undefined): void {
    const old = this.#nodes.get(name);
    if (node === undefined) this.#nodes.delete(name);
    else this.#nodes.set(name, node);
    if (old !== undefined && node !== undefined && electsAlike(old, node)) return;
    for (const clazz of this.#classes.values()) {
      const concerned = [old, node].some((each) => each !== undefined && isMember(clazz, each));
      if (concerned) this.#stale.classes.add(clazz.metadata.name);
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
    for (const service of [old?.service, slice?.service]) this.#staleService(service);
  }

  setService(key: string, service: PublishedService | undefined): void {
    const before = this.#services.get(key)?.ingress ?? [];
    const after = service?.ingress ?? [];
    if (service === undefined) this.#services.delete(key);
    else this.#services.set(key, service);
    const added = after.filter((ip) => !before.includes(ip));
    for (const ip of added) this.#published.add(ip);
    this.staleIps([...added, ...before.filter((ip) => !after.includes(ip))]);
  }

  /** These may be decided otherwise now. */
  staleIps(ips: Iterable<IpAddress>): void {
    for (const ip of ips) this.#stale.ips.add(ip);
  }

  /** The class itself may decide otherwise now: its members and all its IPs. */
  staleClass(name: string): void {
    this.#stale.classes.add(name);
    this.#stale.pools = true;
    for (const ip of this.ipsOfClass(name)) this.#stale.ips.add(ip);
  }

  #staleService(service: string | undefined): void {
    if (service === undefined) return;
    const children = this.#existing(this.#children, this.#childrenByService.get(service));
    for (const ip of ipsOf(children)) this.#stale.ips.add(ip);
  }

  #forgetUnusedClass(name: string): void {
    if (!this.#deletedClasses.has(name) || this.#childrenByClass.has(name)) return;
    this.#deletedClasses.delete(name);
    this.#classes.delete(name);
    this.staleClass(name);
  }

  #indexChild(key: string, child: Child): void {
    this.#children.set(key, child);
    if (child.status.ip !== undefined) this.#childrenByIp.add(child.status.ip, key);
    this.#childrenByClass.add(child.className, key);
    this.#childrenByService.add(keyOf(child.serviceRef), key);
  }

  #unindexChild(key: string, child: Child): void {
    if (child.status.ip !== undefined) this.#childrenByIp.delete(child.status.ip, key);
    this.#childrenByClass.delete(child.className, key);
    this.#childrenByService.delete(keyOf(child.serviceRef), key);
  }

  #existing<T>(objects: ReadonlyMap<string, T>, keys: ReadonlySet<string>): T[] {
    return [...keys].flatMap((key) => objects.get(key) ?? []);
  }
}

function newStale(): Stale {
  return { ips: new Set(), classes: new Set(), pools: false };
}

function ipsOf(children: readonly (Child | undefined)[]): IpAddress[] {
  return children.flatMap((child) => child?.status.ip ?? []);
}

/** A node's status changes every few minutes for reasons that no election looks at. */
function electsAlike(a: Node, b: Node): boolean {
  return (
    a.draining === b.draining &&
    a.ready?.status === b.ready?.status &&
    a.ready?.since === b.ready?.since &&
    JSON.stringify(a.labels) === JSON.stringify(b.labels)
  );
}
