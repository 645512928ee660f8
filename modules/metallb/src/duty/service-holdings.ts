import type { Announcer } from '../api/announcer.ts';
import type { L2Advertisement } from '../api/l2-advertisement.ts';
import { keyOf } from '../api/object.ts';
import type { PublishedService } from '../api/published-service.ts';
import { advertisementsFor } from '../metallb/advertised-pools.ts';
import { isForMetallb } from '../metallb/served-service.ts';
import type { IpAddress } from '../net/ip.ts';
import { type IpRange, rangeContains } from '../net/range.ts';
import { advertisementGroup } from './advertisement-policy.ts';
import type { Holding } from './holding.ts';

/** A pool of MetalLB's API, whatever kind its object is of. */
export interface ServicePool {
  /** Among pools of all kinds and namespaces. */
  readonly key: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ranges: readonly IpRange[];
  readonly version: number;
}

/** What MetalLB's API says of Services. */
export interface MetallbApi {
  readonly lbClass: string | undefined;
  readonly pools: readonly ServicePool[];
  readonly advertisements: readonly L2Advertisement[];
}

/** A holding of a Service, with what makes its group. */
export interface ServiceHolding {
  readonly holding: Holding;
  readonly pool: ServicePool | undefined;
  readonly advertisements: readonly L2Advertisement[];
}

/**
 * What a Service holds by MetalLB's API. Nothing where a class serves it, or another load balancer: another MetalLB names
 * its pools as this one does, so the controller's word counts.
 *
 * @param hasChildren whether a class serves it, as its children tell
 */
export function holdingsOfService(
  service: PublishedService,
  api: MetallbApi,
  facts: {
    readonly hasChildren: boolean;
    readonly announcerOf: (ip: IpAddress) => Announcer | undefined;
  },
): ServiceHolding[] {
  if (!service.isOfMetallbApi || !isForMetallb(service, api.lbClass)) return [];
  if (facts.hasChildren || service.boundClass !== undefined) return [];
  return service.ingress.flatMap((ip) => {
    const pool = poolOf(ip, service, api);
    if (pool === undefined && service.allocatedFromPool === undefined) return [];
    return [holdingOf(ip, service, { api, pool, announcer: facts.announcerOf(ip) })];
  });
}

/** By its range, as MetalLB finds it; one that was edited since is found by the name that was written with the IP. */
function poolOf(
  ip: IpAddress,
  { allocatedFromPool }: PublishedService,
  { pools }: MetallbApi,
): ServicePool | undefined {
  const named = pools.filter(({ name }) => name === allocatedFromPool);
  return [...named, ...pools].find((pool) => covers(pool, ip)) ?? named[0];
}

function covers({ ranges }: ServicePool, ip: IpAddress): boolean {
  return ranges.some((range) => rangeContains(range, ip));
}

function holdingOf(
  ip: IpAddress,
  service: PublishedService,
  found: {
    readonly api: MetallbApi;
    readonly pool: ServicePool | undefined;
    readonly announcer: Announcer | undefined;
  },
): ServiceHolding {
  const { metadata, forceAddress, externalTrafficPolicy } = service;
  const { api, pool, announcer } = found;
  const key = keyOf(metadata);
  const advertisements =
    pool === undefined ? [] : advertisementsFor(api.advertisements, pool, metadata.labels ?? {});
  const refusal = advertisements.length > 0 ? undefined : refusalOf(service, pool);
  const holding = {
    ip,
    holder: key,
    service: key,
    group: advertisementGroup(advertisements),
    preferredNode: undefined,
    externalTrafficPolicy,
    forceAddress,
    announcer,
    age: `${metadata.creationTimestamp} ${metadata.uid}`,
    version: Math.max(Number(metadata.resourceVersion), pool?.version ?? 0),
    ...(refusal !== undefined && { refusal }),
  };
  return { holding, pool, advertisements };
}

function refusalOf(service: PublishedService, pool: ServicePool | undefined): string {
  const name = keyOf(service.metadata);
  return pool === undefined
    ? `the pool ${service.allocatedFromPool}, where Service ${name} got it, does not exist and was never seen here`
    : `no L2Advertisement is about the pool ${pool.name} and Service ${name}: add one that names the pool in spec.ipAddressPools`;
}
