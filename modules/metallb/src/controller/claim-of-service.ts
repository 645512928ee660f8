import { listAt, valueAt } from '../../hooks/lib/json.ts';
import type { ConditionReason } from '../api/conditions.ts';
import { keyOf } from '../api/object.ts';
import { formatProblems } from '../api/problem.ts';
import type { Service } from '../api/service.ts';
import type { Claim } from '../ipam/claim.ts';
import type { Pool } from '../ipam/pool.ts';
import type { ListedPool, ListedPools } from '../metallb/listed-pools.ts';
import {
  isFor,
  isMeantForSome,
  poolsForService,
  type ServiceTraits,
} from '../metallb/pools-for-service.ts';
import { familyOf, type IpFamily, parseIp } from '../net/ip.ts';
import { sharingOf } from './claim-of-child.ts';

/** The addresses of a pool of MetalLB's API. */
export function poolOfListed({ key, spec }: ListedPool, reassigns: boolean): Pool {
  const { addresses: ranges, autoAssign, avoidBuggyIps } = spec;
  return { name: key, ranges, autoAssign, avoidBuggyIps, reassigns };
}

/** The owner of what a Service of MetalLB's API holds, among children and their `namespace/name`. */
export function ownerOf(serviceKey: string): string {
  return `Service/${serviceKey}`;
}

/** The Service that an owner is; undefined for a child, and for an IP that is only reserved. */
export function serviceOfOwner(owner: string): string | undefined {
  return /^Service\/(\S+)$/.exec(owner)?.[1];
}

interface ClaimContext {
  readonly pools: ListedPools;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** Name of the pool that the addresses it holds came from. */
  readonly heldFrom: string | undefined;
}

/** What a Service wants of MetalLB's API. */
export interface ServiceClaim {
  readonly claim: Claim;
  /** Why it can be given nothing as it is written: what it holds stays. */
  readonly refusal: ClaimRefusal | undefined;
}

interface ClaimRefusal {
  readonly reason: ConditionReason;
  readonly message: string;
}

/** What a Service asks for, as MetalLB understands it. */
export function claimOfService(service: Service, context: ClaimContext): ServiceClaim {
  const { metadata, metallb } = service;
  const { namespace = 'default', labels = {} } = metadata;
  const traits = { namespace, labels, namespaceLabels: context.namespaceLabels };
  const open = poolsForService(context.pools.all.values(), traits);
  const asked = metallb.addressPool;
  const askedPool = asked === undefined ? undefined : context.pools.named(asked);
  const isOpen = askedPool !== undefined && open.includes(askedPool);
  const claim: Claim = {
    owner: ownerOf(keyOf(metadata)),
    pools: (isOpen ? [askedPool] : open).map(({ key }) => key),
    preferredPools: open.filter(isMeantForSome).map(({ key }) => key),
    poolNamedByOwner: isOpen,
    // What an edit of pools has brought elsewhere stays: only another wish is a reason to go.
    leavesOtherPools: isOpen && context.heldFrom !== undefined && context.heldFrom !== asked,
    families: familiesOf(service),
    policy: service.ipFamilyPolicy,
    requested: metallb.requestedIps,
    sharing: sharingOf(service),
  };
  const refusal =
    wishRefusal(service, claim) ??
    (asked === undefined ? nothingOpen(open, context) : poolRefusal(asked, askedPool, traits));
  return { claim, refusal };
}

function wishRefusal({ metallb, spec }: Service, { families, policy }: Claim) {
  if (metallb.problems.length > 0) {
    return refuse('InvalidAnnotation', formatProblems(metallb.problems));
  }
  if (valueAt(spec, 'clusterIP') === 'None') {
    return refuse('NoSuchFamily', 'spec.clusterIP is None: without one nothing can be forwarded');
  }
  if (policy === 'RequireDualStack' && families.length < 2) {
    const message = `spec.ipFamilyPolicy is RequireDualStack, but the Service has cluster IPs of ${families.join()} only`;
    return refuse('NoSuchFamily', message);
  }
  return undefined;
}

function poolRefusal(asked: string, pool: ListedPool | undefined, traits: ServiceTraits) {
  if (pool === undefined) {
    return refuse('UnknownPool', `the Service asks for pool ${asked}, which does not exist`);
  }
  if (isFor(pool.spec.serviceAllocation, traits)) return undefined;
  const message = `the Service asks for ${pool.key}, whose spec.serviceAllocation names other namespaces or labels`;
  return refuse('PoolNotForService', message);
}

function nothingOpen(open: readonly ListedPool[], { pools }: ClaimContext) {
  if (open.length > 0) return undefined;
  return pools.all.size === 0
    ? refuse('UnknownPool', 'there is no pool')
    : refuse(
        'PoolNotForService',
        'no pool is for this Service: all name other namespaces or labels in spec.serviceAllocation',
      );
}

function refuse(reason: ConditionReason, message: string): ClaimRefusal {
  return { reason, message };
}

/** Those of its cluster IPs; a Service that never met an API server has none, and gets what it would get there. */
function familiesOf({ spec, ipFamilies }: Service): readonly IpFamily[] {
  const clusterIps = [...listAt(spec, 'clusterIPs'), valueAt(spec, 'clusterIP')];
  const families = clusterIps.flatMap((text) => {
    const ip = typeof text === 'string' ? parseIp(text) : undefined;
    return ip === undefined ? [] : [familyOf(ip)];
  });
  return families.length === 0 ? ipFamilies : [...new Set(families)];
}
