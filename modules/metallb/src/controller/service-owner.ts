import { classInCharge, type ExpansionView } from '../../hooks/expand-services.ts';
import type { Observed } from '../../hooks/lib/observed.ts';
import { SERVICE_CONDITION } from '../api/conditions.ts';
import type { Service } from '../api/service.ts';
import { isForMetallb } from '../metallb/served-service.ts';

export interface OwnershipView {
  readonly service: Observed<Service>;
  /** Children that it has now. */
  readonly childCount: number;
  readonly lbClass: string | undefined;
  /** There is a pool of MetalLB's API. */
  readonly hasPools: boolean;
  /** MetalLB's API has given it an IP, of a pool that counts or is gone. */
  readonly holds: boolean;
  /** All that the choice of a class depends on. */
  readonly expansion: () => Omit<ExpansionView, 'services'>;
}

/**
 * Whether MetalLB's API serves a Service, and no class does. A class that takes it over has it once there are
 * children; before, nobody would answer.
 */
export function isServedByMetallb(view: OwnershipView): boolean {
  const { service, childCount, lbClass, hasPools, holds } = view;
  if (childCount > 0 || !isForMetallb(service.value, lbClass)) return false;
  if (holds) return true;
  return hasPools && classInCharge(service, view.expansion()) === undefined;
}

/** Whether MetalLB's API gave the Service what its status has, as the status itself says. */
export function wasServedByMetallb({ status: { conditions } }: Service): boolean {
  return conditions.some(({ type }) => type === SERVICE_CONDITION.metallbPool);
}
