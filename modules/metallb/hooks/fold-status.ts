import type { Child } from '../src/api/child.ts';
import {
  CHILD_CONDITION,
  type ConditionReason,
  isConditionReason,
  SERVICE_CONDITION,
} from '../src/api/conditions.ts';
import type { Service } from '../src/api/service.ts';
import type { Operation } from '../src/store/store.ts';
import { BINDING, hookConfig } from './lib/bindings.ts';
import { compareSlots } from './lib/child-name.ts';
import type { Hook } from './lib/hook.ts';
import { CHILD_TO_FOLD_FILTER, SERVICE_TO_FOLD_FILTER } from './lib/jq-filters.ts';
import type { ChildLookup, Observed } from './lib/observed.ts';
import { ownershipOf } from './lib/ownership.ts';
import { readState } from './lib/snapshots.ts';
import { type ConditionValue, type StatusChanges, statusPatch } from './lib/status-patch.ts';

export interface FoldView {
  readonly services: ReadonlyMap<string, Observed<Service> | undefined>;
  readonly children: ChildLookup;
  readonly nowEpochMs: number;
}

/** What brings the status of these Services to what their children have. */
export function foldStatus({ services, children, nowEpochMs }: FoldView): Operation[] {
  const operations: Operation[] = [];
  for (const [key, service] of services) {
    if (service === undefined) continue;
    const { object } = service;
    const own = children
      .ofService(key)
      .filter((child) => ownershipOf(child, object.metadata) === 'own')
      .sort((a, b) => compareSlots(a.object.metadata.name, b.object.metadata.name));
    const patch = statusPatch(object, wantedStatus(service.value, own), nowEpochMs);
    if (patch.length === 0) continue;
    const { name, namespace } = object.metadata;
    const ref = { kind: 'Service', namespace, name } as const;
    operations.push({ do: 'patch', ref, subresource: 'status', patch });
  }
  return operations;
}

function wantedStatus(service: Service, own: readonly Observed<Child>[]): StatusChanges {
  if (own.length > 0 && service.type === 'LoadBalancer') return statusOf(service, own);
  return isLeftBehind(service) ? NOTHING_LEFT : { conditions: new Map() };
}

/**
 * This module wrote the status and nothing of it holds any more. A Service of ours that was never looked at comes from
 * an older version: its IPs are what its children will be given.
 */
function isLeftBehind({ type, status: { conditions } }: Service): boolean {
  const types = new Set(conditions.map((condition) => condition.type));
  if (type !== 'LoadBalancer')
    return [...NOTHING_LEFT.conditions.keys()].some((own) => types.has(own));
  return types.has(SERVICE_CONDITION.allIpsAssigned) && types.has(SERVICE_CONDITION.classBound);
}

const NOTHING_LEFT: StatusChanges = {
  ingress: [],
  conditions: new Map([
    [SERVICE_CONDITION.allIpsAssigned, undefined],
    [SERVICE_CONDITION.annotationsValid, undefined],
    [SERVICE_CONDITION.balancerNodes, undefined],
    [SERVICE_CONDITION.ipsAssignable, undefined],
    [SERVICE_CONDITION.ipsInPool, undefined],
    [SERVICE_CONDITION.ipsAnnounceable, undefined],
  ]),
};

function statusOf({ status }: Service, own: readonly Observed<Child>[]): StatusChanges {
  const ingress = own.flatMap(({ value }) => value.status.ip ?? []);
  const isComplete = ingress.length === own.length;
  // IPAM reads in the status what a child inherits: what is there stays until it has decided.
  const inherited = own.every(isDecided)
    ? []
    : status.ingress.filter((ip) => !ingress.includes(ip));
  return {
    ingress: [...ingress, ...inherited],
    conditions: new Map([
      [
        SERVICE_CONDITION.allIpsAssigned,
        {
          status: isComplete ? 'True' : 'False',
          reason: isComplete ? 'AllIPsAssigned' : 'NotAllIPsAssigned',
          message: `${ingress.length} of ${own.length} public IPs were assigned`,
        },
      ],
      [
        SERVICE_CONDITION.ipsAssignable,
        complaintsOf(own, CHILD_CONDITION.assigned, 'AllocationFailed'),
      ],
      [SERVICE_CONDITION.ipsInPool, complaintsOf(own, CHILD_CONDITION.inPool, 'NotInPool')],
      [
        SERVICE_CONDITION.ipsAnnounceable,
        complaintsOf(own, CHILD_CONDITION.announceable, 'NoCommonInterface'),
      ],
    ]),
  };
}

function isDecided({ value: { status } }: Observed<Child>): boolean {
  const types = status.conditions.map(({ type }) => type);
  return status.ip !== undefined || types.includes(CHILD_CONDITION.assigned);
}

/**
 * The words of all children in which this condition is False.
 * @param otherwise the reason, where the first child has one that only a newer controller knows
 */
function complaintsOf(
  own: readonly Observed<Child>[],
  type: string,
  otherwise: ConditionReason,
): ConditionValue | undefined {
  const complaints = own.flatMap(({ object, value }) => {
    const condition = value.status.conditions.find((item) => item.type === type);
    return condition?.status === 'False' ? [{ name: object.metadata.name, condition }] : [];
  });
  const [first] = complaints;
  if (first === undefined) return undefined;
  const message = complaints
    .map(({ name, condition }) => `${name}: ${condition.message}`)
    .join('; ');
  const { reason } = first.condition;
  return { status: 'False', reason: isConditionReason(reason) ? reason : otherwise, message };
}

/** Folds the IPs of the children into the status of their Service: the only writer of it. */
export const hook: Hook = {
  config: hookConfig('fold-status', [
    { ...BINDING.services, jqFilter: SERVICE_TO_FOLD_FILTER },
    { ...BINDING.children, jqFilter: CHILD_TO_FOLD_FILTER },
  ]),
  handle(contexts, nowEpochMs) {
    const { services, children } = readState(contexts);
    return foldStatus({ services, children, nowEpochMs });
  },
};
