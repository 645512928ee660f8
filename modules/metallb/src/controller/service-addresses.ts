import type { ConditionValue, StatusChanges } from '../../hooks/lib/status-patch.ts';
import { SERVICE_CONDITION } from '../api/conditions.ts';
import { METALLB_ANNOTATION, METALLB_PREFIXES } from '../api/names.ts';
import { keyOf } from '../api/object.ts';
import type { Service } from '../api/service.ts';
import type { Allocator, PoolUsage } from '../ipam/allocator.ts';
import { type Assigned, type Refused, wantedFamilies } from '../ipam/claim.ts';
import type { ListedPool, ListedPools } from '../metallb/listed-pools.ts';
import { familyOf, type IpAddress, type IpFamily } from '../net/ip.ts';
import type { Clock } from '../time/clock.ts';
import { type Announcers, routedPool } from './announcers.ts';
import { claimOfService, ownerOf, type ServiceClaim, serviceOfOwner } from './claim-of-service.ts';
import type { ClusterState } from './cluster-state.ts';
import { Grouping } from './grouping.ts';
import { REFUSAL_REASONS } from './refusal-reasons.ts';
import { cannotAnnounce } from './service-announceability.ts';
import type { WaitingList } from './waiting-list.ts';

export interface ServiceAddressesPorts {
  readonly clock: Clock;
  readonly allocator: Allocator;
  readonly waiting: WaitingList;
  readonly cluster: Pick<ClusterState, 'metallb' | 'services'>;
  readonly announcers: () => Announcers;
  /** What becomes of an IP that a pool holds no more. */
  readonly reassigns: boolean;
  /** The Service has got other IPs than it had, or none. */
  readonly onChanged: (serviceKey: string) => void;
  /** What the status of this Service shall say may be something else now. */
  readonly lookAgain: (serviceKey: string) => void;
}

/** Addresses of a pool, and the Services that have some. */
export interface MetallbPoolUsage extends PoolUsage {
  readonly servicesAllocated: number;
}

const [CURRENT_PREFIX, DEPRECATED_PREFIX] = METALLB_PREFIXES;

/** In a condition's message, before what it says of deprecated annotations. */
export const DEPRECATED = '; deprecated: ';

const ORIGIN = `${CURRENT_PREFIX}${METALLB_ANNOTATION.allocatedFromPool}`;

const DEPRECATED_ORIGIN = `${DEPRECATED_PREFIX}${METALLB_ANNOTATION.allocatedFromPool}`;

/** Annotations of a Service that has no IP of MetalLB's API. */
export const WITHOUT_ORIGIN: Readonly<Record<string, undefined>> = {
  [ORIGIN]: undefined,
  [DEPRECATED_ORIGIN]: undefined,
};

/** Gives Services that MetalLB's API serves their IPs. */
export class ServiceAddresses {
  readonly #ports: ServiceAddressesPorts;
  /** Service to the name of the pool that its IPs came from. */
  readonly #heldFrom = new Grouping();
  /** Service to its labels when it was looked at last. */
  readonly #labels = new Map<string, string>();

  constructor(ports: ServiceAddressesPorts) {
    this.#ports = ports;
  }

  /** Whether the Service has an IP of MetalLB's API. */
  holds(serviceKey: string): boolean {
    return this.#ports.allocator.assignmentOf(ownerOf(serviceKey)) !== undefined;
  }

  /** Whether its pool counts no more, and is there: whoever watches that pool's namespace serves the Service. */
  isLeft(serviceKey: string): boolean {
    const from = this.#heldFrom.groupOf(serviceKey);
    return from !== undefined && this.#pools.isElsewhere(from);
  }

  /** Of a pool of MetalLB's API. */
  usage({ key, name }: Pick<ListedPool, 'key' | 'name'>): MetallbPoolUsage {
    const usage = this.#ports.allocator.usage(key);
    return { ...usage, servicesAllocated: this.#heldFrom.sizeOf(name) };
  }

  /** Names of pools that are gone while Services have IPs of them. */
  orphanedPools(): ReadonlySet<string> {
    const names = [...this.#heldFrom.groups];
    return new Set(names.filter((name) => this.#pools.named(name) === undefined));
  }

  /** Takes over the IPs that the Service's status names. @returns false where somebody else has one already */
  adopt(service: Service): boolean {
    const key = keyOf(service.metadata);
    if (this.holds(key) || service.status.ingress.length === 0) return true;
    const ips = firstOfEachFamily(service.status.ingress);
    // A MetalLB that is older than the annotation has left none.
    this.#heldFrom.put(key, service.metallb.allocatedFromPool ?? this.#homeOf(ips));
    const { claim } = this.#claim(service);
    return this.#ports.allocator.adopt(claim, ips).kind === 'assigned';
  }

  /** @returns what the Service's status shall say */
  assign(service: Service): StatusChanges {
    const { allocator, clock, waiting } = this.#ports;
    const key = keyOf(service.metadata);
    this.adopt(service);
    const before = allocator.assignmentOf(ownerOf(key))?.ips ?? [];
    const { claim, refusal } = this.#claim(service);
    // Without a pool that is for the Service, there is none that could say what becomes of its IPs.
    if (this.#ports.reassigns && claim.pools.length === 0) this.release(key);
    const outcome =
      refusal === undefined
        ? allocator.assign(claim, clock.now())
        : allocator.keep(claim, clock.now());
    const { ips } = outcome.assignment;
    this.#remember(key, ips, claim.pools);
    const missing = wantedFamilies(claim).filter(
      (family) => !ips.some((ip) => familyOf(ip) === family),
    );
    waiting.remove(key);
    const isWaiting = missing.length > 0 || outcome.kind === 'refused';
    if (isWaiting) for (const pool of claim.pools) waiting.add(pool, key);
    waiting.wake(outcome.freedPools);
    const isMoved = before.join() !== ips.join();
    if (isMoved) this.#ports.onChanged(key);
    if (this.#hasNewLabels(key, service) || isMoved) this.#tellSharers(key);
    return {
      ingress: ips,
      annotations: { ...WITHOUT_ORIGIN, [ORIGIN]: this.#heldFrom.groupOf(key) },
      conditions: new Map([
        [
          SERVICE_CONDITION.metallbPool,
          withDeprecations(this.#poolCondition(key, { outcome, refusal, missing }), service),
        ],
        [SERVICE_CONDITION.ipsInPool, this.#notInPool(key, claim, outcome.assignment.outsidePool)],
        [SERVICE_CONDITION.ipsAnnounceable, this.#cannotAnnounce(key, service)],
      ]),
    };
  }

  /** MetalLB's API serves the Service no more. */
  release(serviceKey: string): void {
    const { allocator, clock, waiting } = this.#ports;
    const held = this.holds(serviceKey);
    this.#tellSharers(serviceKey);
    this.#heldFrom.put(serviceKey, undefined);
    this.#labels.delete(serviceKey);
    waiting.remove(serviceKey);
    waiting.wake(allocator.release(ownerOf(serviceKey), clock.now()));
    if (held) this.#ports.onChanged(serviceKey);
  }

  get #pools(): ListedPools {
    return this.#ports.cluster.metallb.pools;
  }

  #claim(service: Service): ServiceClaim {
    return claimOfService(service, {
      pools: this.#pools,
      namespaceLabels: this.#ports.cluster.metallb.labelsOfNamespace(
        service.metadata.namespace ?? '',
      ),
      heldFrom: this.#heldFrom.groupOf(keyOf(service.metadata)),
    });
  }

  /** The pool that has the IPs now is where they come from; one that is not for the Service is told as such. */
  #remember(key: string, ips: readonly IpAddress[], open: readonly string[]): void {
    const name = this.#homeOf(ips, open);
    if (ips.length === 0 || name !== undefined) this.#heldFrom.put(key, name);
  }

  /** @returns the name of the pool that has the first of these IPs now, if that one is among those that are `open` */
  #homeOf([first]: readonly IpAddress[], open?: readonly string[]): string | undefined {
    const home = first && this.#ports.allocator.poolOf(first);
    if (home === undefined || open?.includes(home) === false) return undefined;
    return this.#pools.all.get(home)?.name;
  }

  /** Where the IPs are, when that is not where the Service would be given some. */
  #notInPool(
    key: string,
    { pools }: ServiceClaim['claim'],
    outside: readonly IpAddress[],
  ): ConditionValue | undefined {
    if (outside.length === 0) return undefined;
    const open = pools.map((pool) => this.#pools.all.get(pool)?.name ?? pool).join(' or ');
    const from = this.#heldFrom.groupOf(key);
    const home = this.#homeOf(outside);
    const gone = from === undefined ? 'is in no pool' : `is not in pool ${from} any more`;
    const given = open === '' ? 'no pool is for this Service' : `this Service is for pool ${open}`;
    const where = home === undefined ? gone : `is in pool ${home}, and ${given}`;
    const message = `${outside.join(', ')} ${where}; it stays assigned`;
    return { status: 'False', reason: 'NotInPool', message };
  }

  #poolCondition(key: string, { outcome, refusal, missing }: PoolOutcome): ConditionValue {
    const { ips } = outcome.assignment;
    if (refusal !== undefined) return unbound(refusal, ips);
    if (outcome.kind === 'refused') {
      const reason = REFUSAL_REASONS[outcome.reason];
      return unbound({ reason, message: outcome.sentence }, ips);
    }
    const from = this.#heldFrom.groupOf(key);
    const origin = from === undefined ? '' : ` from pool ${from}`;
    const message = `MetalLB's API serves this Service: ${ips.join(', ')}${origin}`;
    if (missing.length === 0) return { status: 'True', reason: 'IPAddressPoolBound', message };
    return {
      status: 'True',
      reason: 'AdditionalAssignFailed',
      message: `${message}; the pool has no ${missing.join()} address for it, which it prefers to have too`,
    };
  }

  #cannotAnnounce(key: string, service: Service): ConditionValue | undefined {
    const { cluster, announcers } = this.#ports;
    const from = this.#heldFrom.groupOf(key);
    const pool = from === undefined ? undefined : this.#pools.named(from);
    // By what a pool that is gone was announced, only those know who announce it.
    if (pool === undefined) return undefined;
    const labelsOf = (other: string) => cluster.services.get(other)?.metadata.labels ?? {};
    return cannotAnnounce({
      pool: routedPool(pool),
      labels: service.metadata.labels ?? {},
      ips: this.#ports.allocator.assignmentOf(ownerOf(key))?.ips ?? [],
      policy: service.externalTrafficPolicy,
      sharers: this.#sharersOf(key).map((other) => ({ key: other, labels: labelsOf(other) })),
      advertisements: cluster.metallb.advertisementsInForce,
      announcers: announcers(),
    });
  }

  #sharersOf(key: string): readonly string[] {
    const owners = this.#ports.allocator.sharersOf(ownerOf(key));
    return owners.flatMap((owner) => serviceOfOwner(owner) ?? []);
  }

  /** Whether all sharers of an IP are announced alike depends on the labels of each. */
  #tellSharers(key: string): void {
    for (const sharer of this.#sharersOf(key)) this.#ports.lookAgain(sharer);
  }

  #hasNewLabels(key: string, { metadata }: Service): boolean {
    const labels = JSON.stringify(metadata.labels ?? {});
    if (this.#labels.get(key) === labels) return false;
    this.#labels.set(key, labels);
    return true;
  }
}

interface PoolOutcome {
  readonly outcome: Assigned | Refused;
  readonly refusal: ServiceClaim['refusal'];
  readonly missing: readonly IpFamily[];
}

function withDeprecations(value: ConditionValue, { metallb }: Service): ConditionValue {
  const names = metallb.deprecated.filter((name) => name !== DEPRECATED_ORIGIN);
  if (names.length === 0) return value;
  const sentence = `write ${CURRENT_PREFIX} in the place of ${DEPRECATED_PREFIX} in ${names.join(', ')}`;
  return { ...value, message: `${value.message}${DEPRECATED}${sentence}` };
}

/** As MetalLB has it: one IP of a family at most. */
function firstOfEachFamily(ips: readonly IpAddress[]): readonly IpAddress[] {
  return ips.filter(
    (ip, index) => ips.findIndex((other) => familyOf(other) === familyOf(ip)) === index,
  );
}

function unbound(
  { reason, message }: NonNullable<ServiceClaim['refusal']>,
  ips: readonly IpAddress[],
): ConditionValue {
  const kept = ips.length === 0 ? '' : `; ${ips.join(', ')} stays assigned`;
  return { status: 'False', reason, message: `${message}${kept}` };
}
