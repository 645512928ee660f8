import { isDeepStrictEqual } from 'node:util';
import type { Announcer } from '../api/announcer.ts';
import type { IpAddressPool } from '../api/ip-address-pool.ts';
import type { L2Advertisement } from '../api/l2-advertisement.ts';
import { keyOf, type ObjectMeta } from '../api/object.ts';
import type { PublishedService } from '../api/published-service.ts';
import { type ServiceL2Status, tellsOf } from '../api/service-l2-status.ts';
import { policyOfAdvertisements } from '../duty/advertisement-policy.ts';
import type { GroupPolicy } from '../duty/group-policy.ts';
import type { Holding } from '../duty/holding.ts';
import {
  holdingsOfService,
  type MetallbApi,
  type ServiceHolding,
  type ServicePool,
} from '../duty/service-holdings.ts';
import { advertises } from '../metallb/advertised-pools.ts';
import type { IpAddress } from '../net/ip.ts';
import type { IpRange } from '../net/range.ts';
import { BgpObjects } from './bgp-objects.ts';
import { MultiMap } from './multi-map.ts';

/** What settings say of MetalLB's API. */
export interface MetallbOptions {
  /** `spec.loadBalancerClass` of its Services; undefined: of those without one. */
  readonly lbClass: string | undefined;
  /** Whose objects count; who announces what is told in the first. */
  readonly namespaces: readonly [string, ...string[]];
  readonly followEndpoints: boolean;
  /** Whether this is an edition with BGP. */
  readonly hasBgp: boolean;
}

/** The rest of the view, as far as MetalLB's API depends on it and changes it. */
export interface MetallbPorts {
  readonly services: ReadonlyMap<string, PublishedService>;
  /** Whether a class serves the Service. */
  readonly hasChildren: (service: string) => boolean;
  readonly setHoldings: (service: string, holdings: readonly Holding[]) => void;
  /** @param policy undefined where nothing is of the group any more */
  readonly setPolicy: (id: string, policy: GroupPolicy | undefined) => void;
  /** `ranges` reads otherwise. */
  readonly onRanges: () => void;
  /** What these Services hold may be otherwise. */
  readonly onServices: (keys: Iterable<string>) => void;
}

/** What a ServiceL2Status tells of. */
interface Told {
  readonly status: ServiceL2Status;
  readonly service: string;
  readonly ip: IpAddress;
  readonly announcer: Announcer;
}

/**
 * What MetalLB's API makes of Services. `settle` looks again at those that a change concerns, and at all of them when a
 * pool or an advertisement has changed.
 */
export class MetallbView {
  readonly #options: MetallbOptions;
  readonly #ports: MetallbPorts;
  readonly #pools = new Map<string, ServicePool>();
  /** Deleted while Services have IPs of them. */
  readonly #deletedPools = new Set<string>();
  readonly #advertisements = new Map<string, L2Advertisement>();
  /** Empty in an edition without BGP: nobody tells it of any object. */
  readonly bgp: BgpObjects;
  readonly #told = new Map<string, Told>();
  readonly #toldByPlace = new Map<string, Told>();
  readonly #toldByIp = new MultiMap<IpAddress, string>();
  readonly #held = new Map<string, readonly ServiceHolding[]>();
  readonly #servicesOfGroup = new MultiMap<string, string>();
  readonly #servicesOfPool = new MultiMap<string, string>();
  readonly #stale = new Set<string>();
  #isAllStale = false;

  constructor(options: MetallbOptions, ports: MetallbPorts) {
    this.#options = options;
    this.#ports = ports;
    this.bgp = new BgpObjects({
      namespaces: options.namespaces,
      counts: (metadata) => this.counts(metadata),
      onChange: () => {
        this.#isAllStale = true;
      },
    });
  }

  /** Whether objects of BGP count here. */
  get hasBgp(): boolean {
    return this.#options.hasBgp;
  }

  /** Address space that is announced as soon as a Service has a part of it. */
  ranges(): IpRange[] {
    return this.#rangesOf([...this.#advertisements.values()]);
  }

  /** @param key of the object among pools of all kinds */
  setPool(key: string, object: IpAddressPool | undefined): void {
    if (object === undefined || !this.counts(object.metadata)) {
      if (this.#pools.has(key)) this.#deletedPools.add(key);
      return;
    }
    const old = this.#pools.get(key);
    const pool = poolOf(key, object);
    this.#deletedPools.delete(key);
    // Its status is the controller's, and changes nothing.
    if (old !== undefined && isDeepStrictEqual({ ...pool, version: old.version }, old)) return;
    this.#pools.set(key, pool);
    this.#isAllStale = true;
  }

  setAdvertisement(key: string, object: L2Advertisement | undefined): void {
    const advertisement = object !== undefined && this.counts(object.metadata) ? object : undefined;
    if (isDeepStrictEqual(this.#advertisements.get(key)?.spec, advertisement?.spec)) return;
    if (advertisement === undefined) this.#advertisements.delete(key);
    else this.#advertisements.set(key, advertisement);
    this.#isAllStale = true;
  }

  /** @returns the IPs that it told of, or does */
  setStatus(key: string, status: ServiceL2Status | undefined): IpAddress[] {
    const old = this.#told.get(key);
    const told = status && toldBy(status);
    if (old !== undefined) {
      this.#toldByPlace.delete(placeOf(old));
      this.#toldByIp.delete(old.ip, key);
    }
    if (told === undefined) {
      this.#told.delete(key);
    } else {
      this.#told.set(key, told);
      this.#toldByPlace.set(placeOf(told), told);
      this.#toldByIp.add(told.ip, key);
    }
    const both = [old, told].filter((each) => each !== undefined);
    for (const { service } of both) this.#stale.add(service);
    return both.map(({ ip }) => ip);
  }

  announcerOf(
    { metadata }: Pick<PublishedService, 'metadata'>,
    ip: IpAddress,
  ): Announcer | undefined {
    const told = this.#toldByPlace.get(placeOf({ service: keyOf(metadata), ip }));
    return told !== undefined && tellsOf(told.status, metadata) ? told.announcer : undefined;
  }

  /**
   * Statuses in which the node tells that it announces the IP for a Service that has it no more.
   * @param isRefused nobody can announce it for anybody
   */
  leftovers(ip: IpAddress, node: string, isRefused: boolean): string[] {
    return [...this.#toldByIp.get(ip)].filter((key) => {
      const told = this.#told.get(key);
      return told?.announcer.node === node && (isRefused || !this.#isStillTrue(told));
    });
  }

  #isStillTrue({ status, service: key, ip }: Told): boolean {
    const service = this.#ports.services.get(key);
    return service?.ingress.includes(ip) === true && tellsOf(status, service.metadata);
  }

  staleService(key: string): void {
    this.#stale.add(key);
  }

  /** Whether an object is in a namespace that counts, or is for all of them. */
  counts({ namespace }: Pick<ObjectMeta, 'namespace'>): boolean {
    return namespace === undefined || this.#options.namespaces.includes(namespace);
  }

  get pools(): Iterable<ServicePool> {
    return this.#pools.values();
  }

  hasPool(key: string): boolean {
    return this.#pools.has(key);
  }

  hasAdvertisement(key: string): boolean {
    return this.#advertisements.has(key);
  }

  /** What a Service holds of which pools, whoever announces it; level since the last `settle`. */
  heldBy(service: string): readonly ServiceHolding[] {
    return this.#held.get(service) ?? [];
  }

  /** Services that hold the IP. */
  holdersOf(holdings: readonly Holding[]): PublishedService[] {
    return holdings.flatMap(({ service }) =>
      this.#held.has(service) ? (this.#ports.services.get(service) ?? []) : [],
    );
  }

  /** Brings holdings and policies level with all that was told. */
  settle(): void {
    const isAll = this.#isAllStale;
    const services = isAll
      ? new Set([...this.#ports.services.keys(), ...this.#held.keys()])
      : new Set(this.#stale);
    this.#isAllStale = false;
    this.#stale.clear();
    if (isAll) this.#ports.onRanges();
    const known = new Set(isAll ? [] : this.#servicesOfGroup.keys());
    const api = {
      lbClass: this.#options.lbClass,
      pools: [...this.#pools.values()],
      advertisements: [...this.#advertisements.values()],
    };
    for (const service of services) this.#decide(service, api, known);
    this.#ports.onServices(services);
    this.#forgetUnusedPools();
  }

  /** @param known groups whose policy is level */
  #decide(key: string, api: MetallbApi, known: Set<string>): void {
    const before = this.#held.get(key) ?? [];
    const held = this.#holdingsOf(key, api);
    if (before.length === 0 && held.length === 0) return;
    this.#index(key, before, held);
    const onLayer2 = held.filter((each) => !this.#isForBgpAlone(each, key));
    this.#ports.setHoldings(
      key,
      onLayer2.map(({ holding }) => holding),
    );
    for (const { holding, advertisements } of held) {
      if (known.has(holding.group) || advertisements.length === 0) continue;
      known.add(holding.group);
      const ranges = this.#rangesOf(advertisements);
      const policy = policyOfAdvertisements(advertisements, ranges, this.#options);
      this.#ports.setPolicy(holding.group, policy);
    }
    for (const { holding } of before) {
      if (this.#servicesOfGroup.has(holding.group)) continue;
      known.delete(holding.group);
      this.#ports.setPolicy(holding.group, undefined);
    }
  }

  /** Then nobody is to answer for it on a segment, and nobody misses that. */
  #isForBgpAlone({ pool, advertisements }: ServiceHolding, key: string): boolean {
    if (pool === undefined || advertisements.length > 0) return false;
    const labels = this.#ports.services.get(key)?.metadata.labels ?? {};
    return this.bgp.announces(pool, labels);
  }

  #holdingsOf(key: string, api: MetallbApi): ServiceHolding[] {
    const service = this.#ports.services.get(key);
    if (service === undefined) return [];
    return holdingsOfService(service, api, {
      hasChildren: this.#ports.hasChildren(key),
      announcerOf: (ip) => this.announcerOf(service, ip),
    });
  }

  #index(key: string, before: readonly ServiceHolding[], held: readonly ServiceHolding[]): void {
    for (const { holding, pool } of before) {
      this.#servicesOfGroup.delete(holding.group, key);
      if (pool !== undefined) this.#servicesOfPool.delete(pool.key, key);
    }
    for (const { holding, pool } of held) {
      this.#servicesOfGroup.add(holding.group, key);
      if (pool !== undefined) this.#servicesOfPool.add(pool.key, key);
    }
    if (held.length === 0) this.#held.delete(key);
    else this.#held.set(key, held);
  }

  /** Not before Services are known: of a start, pools come first. */
  #forgetUnusedPools(): void {
    for (const key of this.#deletedPools) {
      if (this.#servicesOfPool.has(key)) continue;
      this.#deletedPools.delete(key);
      this.#pools.delete(key);
      this.#ports.onRanges();
    }
  }

  /** Of the pools that any of the advertisements is about. */
  #rangesOf(advertisements: readonly L2Advertisement[]): IpRange[] {
    return [...this.#pools.values()]
      .filter((pool) => advertisements.some(({ spec }) => advertises(spec, pool)))
      .flatMap(({ ranges }) => ranges);
  }
}

function poolOf(key: string, { metadata, spec }: IpAddressPool): ServicePool {
  const { name, labels = {}, resourceVersion } = metadata;
  return { key, name, labels, ranges: spec.addresses, version: Number(resourceVersion) };
}

/** MetalLB's own tell of no IP. */
function toldBy(status: ServiceL2Status): Told | undefined {
  const { serviceNamespace, serviceName, ip, announcer } = status.status;
  if (serviceName === undefined || ip === undefined || announcer === undefined) return undefined;
  const service = keyOf({ namespace: serviceNamespace, name: serviceName });
  return { status, service, ip, announcer };
}

function placeOf({ service, ip }: Pick<Told, 'service' | 'ip'>): string {
  return `${service}#${ip}`;
}
