import type { ConditionValue, StatusChanges } from '../../hooks/lib/status-patch.ts';
import { SERVICE_CONDITION } from '../api/conditions.ts';
import { METALLB_ANNOTATION, METALLB_PREFIXES } from '../api/names.ts';
import { keyOf } from '../api/object.ts';
import type { Service } from '../api/service.ts';
import type { Allocator } from '../ipam/allocator.ts';
import type { Assigned, Refused } from '../ipam/claim.ts';
import type { ListedPools } from '../metallb/listed-pools.ts';
import { familyOf, type IpAddress } from '../net/ip.ts';
import type { Clock } from '../time/clock.ts';
import { claimOfService, ownerOf, type ServiceClaim } from './claim-of-service.ts';
import { REFUSAL_REASONS } from './refusal-reasons.ts';
import type { WaitingList } from './waiting-list.ts';

export interface ServiceAddressesPorts {
  readonly clock: Clock;
  readonly allocator: Allocator;
  readonly waiting: WaitingList;
  readonly pools: () => ListedPools;
  readonly labelsOfNamespace: (namespace: string) => Readonly<Record<string, string>>;
}

const [CURRENT, DEPRECATED] = METALLB_PREFIXES;

const ORIGIN = `${CURRENT}${METALLB_ANNOTATION.allocatedFromPool}`;

/** Annotations of a Service that has no IP of MetalLB's API. */
export const WITHOUT_ORIGIN: Readonly<Record<string, undefined>> = {
  [ORIGIN]: undefined,
  [`${DEPRECATED}${METALLB_ANNOTATION.allocatedFromPool}`]: undefined,
};

/** Gives Services that MetalLB's API serves their IPs. */
export class ServiceAddresses {
  readonly #ports: ServiceAddressesPorts;
  /** Service to the name of the pool that its IPs came from. */
  readonly #heldFrom = new Map<string, string>();

  constructor(ports: ServiceAddressesPorts) {
    this.#ports = ports;
  }

  /** Whether the Service has an IP of MetalLB's API. */
  holds(serviceKey: string): boolean {
    return this.#ports.allocator.assignmentOf(ownerOf(serviceKey)) !== undefined;
  }

  /** Takes over the IPs that the Service's status names. @returns false where somebody else has one already */
  adopt(service: Service): boolean {
    const key = keyOf(service.metadata);
    if (this.holds(key) || service.status.ingress.length === 0) return true;
    const { allocatedFromPool } = service.metallb;
    if (allocatedFromPool !== undefined) this.#heldFrom.set(key, allocatedFromPool);
    const { claim } = this.#claim(service);
    const ips = firstOfEachFamily(service.status.ingress);
    return this.#ports.allocator.adopt(claim, ips).kind === 'assigned';
  }

  /** @returns what the Service's status shall say */
  assign(service: Service): StatusChanges {
    const { allocator, clock, waiting } = this.#ports;
    const key = keyOf(service.metadata);
    this.adopt(service);
    const { claim, refusal } = this.#claim(service);
    const outcome =
      refusal === undefined
        ? allocator.assign(claim, clock.now())
        : allocator.keep(claim, clock.now());
    this.#remember(key, outcome.assignment.ips, claim.pools);
    waiting.remove(key);
    if (outcome.kind === 'refused') for (const pool of claim.pools) waiting.add(pool, key);
    waiting.wake(outcome.freedPools);
    return this.#statusOf(key, outcome, refusal);
  }

  /** MetalLB's API serves the Service no more. */
  release(serviceKey: string): void {
    const { allocator, clock, waiting } = this.#ports;
    this.#heldFrom.delete(serviceKey);
    waiting.remove(serviceKey);
    waiting.wake(allocator.release(ownerOf(serviceKey), clock.now()));
  }

  #claim(service: Service): ServiceClaim {
    return claimOfService(service, {
      pools: this.#ports.pools(),
      namespaceLabels: this.#ports.labelsOfNamespace(service.metadata.namespace ?? ''),
      heldFrom: this.#heldFrom.get(keyOf(service.metadata)),
    });
  }

  /** The pool that has the IPs now is where they come from; one that is not for the Service is told as such. */
  #remember(key: string, ips: readonly IpAddress[], open: readonly string[]): void {
    const { allocator, pools } = this.#ports;
    const [first] = ips;
    const home = first && allocator.poolOf(first);
    const name = home && open.includes(home) ? pools().all.get(home)?.name : undefined;
    if (first === undefined) this.#heldFrom.delete(key);
    else if (name !== undefined) this.#heldFrom.set(key, name);
  }

  #statusOf(
    key: string,
    { assignment, ...outcome }: Assigned | Refused,
    refusal: ServiceClaim['refusal'],
  ): StatusChanges {
    const { ips, outsidePool } = assignment;
    const from = this.#heldFrom.get(key);
    return {
      ingress: ips,
      annotations: { ...WITHOUT_ORIGIN, [ORIGIN]: from },
      conditions: new Map<string, ConditionValue | undefined>([
        [
          SERVICE_CONDITION.metallbPool,
          refusal !== undefined
            ? unbound(refusal, ips)
            : outcome.kind === 'refused'
              ? unbound({ reason: REFUSAL_REASONS[outcome.reason], message: outcome.sentence }, ips)
              : bound(from, ips),
        ],
        [SERVICE_CONDITION.ipsInPool, notInPool(from, outsidePool)],
      ]),
    };
  }
}

/** As MetalLB has it: one IP of a family at most. */
function firstOfEachFamily(ips: readonly IpAddress[]): readonly IpAddress[] {
  return ips.filter(
    (ip, index) => ips.findIndex((other) => familyOf(other) === familyOf(ip)) === index,
  );
}

function bound(from: string | undefined, ips: readonly IpAddress[]): ConditionValue {
  const origin = from === undefined ? '' : ` from pool ${from}`;
  const message = `MetalLB's API serves this Service: ${ips.join(', ')}${origin}`;
  return { status: 'True', reason: 'IPAddressPoolBound', message };
}

function unbound(
  { reason, message }: NonNullable<ServiceClaim['refusal']>,
  ips: readonly IpAddress[],
): ConditionValue {
  const kept = ips.length === 0 ? '' : `; ${ips.join(', ')} stays assigned`;
  return { status: 'False', reason, message: `${message}${kept}` };
}

function notInPool(
  from: string | undefined,
  outside: readonly IpAddress[],
): ConditionValue | undefined {
  if (outside.length === 0) return undefined;
  const origin = from === undefined ? 'no pool that is for this Service' : `pool ${from} any more`;
  const message = `${outside.join(', ')} is not in ${origin}; it stays assigned`;
  return { status: 'False', reason: 'NotInPool', message };
}
