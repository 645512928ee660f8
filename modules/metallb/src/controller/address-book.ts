import type { Observed } from '../../hooks/lib/observed.ts';
import {
  type ConditionValue,
  type StatusChanges,
  statusPatch,
} from '../../hooks/lib/status-patch.ts';
import type { Child } from '../api/child.ts';
import { CHILD_CONDITION } from '../api/conditions.ts';
import { CHILD_KIND } from '../api/names.ts';
import { keyOf } from '../api/object.ts';
import type { Service } from '../api/service.ts';
import type { Allocator, PoolUsage } from '../ipam/allocator.ts';
import type { Assigned, Refused } from '../ipam/claim.ts';
import type { IpAddress } from '../net/ip.ts';
import type { JsonPatchOperation, Operation } from '../store/store.ts';
import type { Clock } from '../time/clock.ts';
import { claimOfChild } from './claim-of-child.ts';
import { REFUSAL_REASONS } from './refusal-reasons.ts';
import { Reservations } from './reservations.ts';
import type { WaitingList } from './waiting-list.ts';

export interface AddressBookPorts {
  readonly clock: Clock;
  readonly allocator: Allocator;
  readonly waiting: WaitingList;
}

/** Addresses of a class, and the Services that have fewer of them than they ask for. */
export interface ClassUsage extends PoolUsage {
  readonly servicesWaiting: number;
}

/** Gives children their IPs and remembers who waits for one. */
export class AddressBook {
  readonly #ports: AddressBookPorts;
  readonly #reservations: Reservations;

  constructor(ports: AddressBookPorts) {
    this.#ports = ports;
    this.#reservations = new Reservations(ports.allocator);
  }

  usage(className: string): ClassUsage {
    const servicesWaiting = this.#ports.waiting.size(className);
    return { ...this.#ports.allocator.usage(className), servicesWaiting };
  }

  /** Takes over the IP that the child's status names. @returns false where somebody else has it already */
  adopt({ value }: Observed<Child>): boolean {
    const { ip } = value.status;
    const claim = claimOfChild(value);
    if (ip === undefined || this.#ports.allocator.assignmentOf(claim.owner)) return true;
    return this.#ports.allocator.adopt(claim, [ip]).kind === 'assigned';
  }

  /** Keeps the IPs in the status of a Service without children for it. */
  reserve(service: Service): void {
    const freed = this.#reservations.set(service, this.#ports.clock.now());
    this.#ports.waiting.remove(keyOf(service.metadata));
    this.#ports.waiting.wake(freed);
  }

  /**
   * Assigns IPs to all children of a Service, those with wishes first.
   * @param inherited IPs that the Service's status names: taken again where they are free
   * @returns the patches of the children's statuses
   */
  assign(
    serviceKey: string,
    children: readonly Observed<Child>[],
    inherited: readonly IpAddress[],
  ): Operation[] {
    const freed = new Set(this.#reservations.end(serviceKey, this.#ports.clock.now()));
    this.#ports.waiting.remove(serviceKey);
    const wishesFirst = [...children].sort(
      (a, b) =>
        Number(b.value.requestedIp !== undefined) - Number(a.value.requestedIp !== undefined),
    );
    const operations = wishesFirst.flatMap((child) => {
      this.adopt(child);
      const outcome = this.#assignOne(child.value, inherited);
      if (outcome.kind === 'refused') this.#ports.waiting.add(child.value.className, serviceKey);
      for (const pool of outcome.freedPools) freed.add(pool);
      return this.#statusOperation(child, outcome);
    });
    this.#ports.waiting.wake(freed);
    return operations;
  }

  /** The child is gone. */
  release(childKey: string): void {
    this.#ports.waiting.wake(this.#ports.allocator.release(childKey, this.#ports.clock.now()));
  }

  /** The Service is gone. */
  forget(serviceKey: string): void {
    this.#ports.waiting.remove(serviceKey);
    this.#ports.waiting.wake(this.#reservations.end(serviceKey, this.#ports.clock.now()));
  }

  #assignOne(child: Child, inherited: readonly IpAddress[]): Assigned | Refused {
    const { allocator, clock } = this.#ports;
    const claim = claimOfChild(child);
    if (child.requestedIp === undefined && allocator.assignmentOf(claim.owner) === undefined) {
      for (const ip of inherited) {
        const outcome = allocator.assign({ ...claim, requested: [ip] }, clock.now());
        if (outcome.kind === 'assigned') return outcome;
      }
    }
    return allocator.assign(claim, clock.now());
  }

  #statusOperation({ object, value }: Observed<Child>, outcome: Assigned | Refused): Operation[] {
    const changes = statusPatch(object, statusOf(value, outcome), this.#ports.clock.epochMs());
    if (changes.length === 0) return [];
    const { name, namespace } = object.metadata;
    const ref = { kind: CHILD_KIND, namespace, name } as const;
    const patch = [...changes, ...withoutAnnouncer(value, outcome)];
    return [{ do: 'patch', ref, subresource: 'status', patch }];
  }
}

/** Whoever announced another IP has not announced this one: nobody has. */
function withoutAnnouncer(
  { status }: Child,
  { assignment }: Assigned | Refused,
): JsonPatchOperation[] {
  const isOfAnother = status.announcer !== undefined && status.ip !== assignment.ips[0];
  return isOfAnother ? [{ op: 'remove', path: '/status/announcer' }] : [];
}

function statusOf({ className }: Child, outcome: Assigned | Refused): StatusChanges {
  const { ips, outsidePool } = outcome.assignment;
  return {
    ingress: ips,
    conditions: new Map<string, ConditionValue | undefined>([
      [CHILD_CONDITION.assigned, assignedCondition(className, outcome)],
      [
        CHILD_CONDITION.inPool,
        outsidePool.length === 0
          ? undefined
          : {
              status: 'False',
              reason: 'NotInPool',
              message: `${outsidePool.join(', ')} is not in the addressPool of MetalLoadBalancerClass ${className} any more; it stays assigned`,
            },
      ],
    ]),
  };
}

function assignedCondition(className: string, outcome: Assigned | Refused): ConditionValue {
  const ips = outcome.assignment.ips.join(', ');
  if (outcome.kind === 'assigned') {
    return { status: 'True', reason: 'Assigned', message: `${ips} is assigned` };
  }
  const kept = ips === '' ? '' : `; ${ips} stays assigned`;
  // Users know classes, not pools that are in force.
  const sentence =
    outcome.reason === 'unknown-pool'
      ? `the addressPool of MetalLoadBalancerClass ${className} is not in force: see the condition Accepted of that class`
      : outcome.sentence;
  return {
    status: 'False',
    reason: REFUSAL_REASONS[outcome.reason],
    message: `${sentence}${kept}`,
  };
}
