import type { Child } from '../../src/api/child.ts';
import type { MetalLoadBalancerClass } from '../../src/api/metal-load-balancer-class.ts';
import { type KubernetesObject, keyOf } from '../../src/api/object.ts';
import type { Service } from '../../src/api/service.ts';
import type { IpAddress, IpFamily } from '../../src/net/ip.ts';
import type { PlacementChild } from '../../src/placement/distribution.ts';
import { type ChildSlot, childName, slotOf } from './child-name.ts';
import type { WantedChild } from './child-object.ts';
import type { ChildLookup, Observed } from './observed.ts';
import { requestedOfFamily, shareOutRequested } from './requested-ips.ts';

/** A child that a Service shall have, before placement has said where. */
export interface ChildWish extends Omit<WantedChild, 'preferredNode'> {
  readonly slot: ChildSlot;
  /** The child that fills the slot already. */
  readonly existing: Observed<Child> | undefined;
}

interface WishInput {
  readonly service: Observed<Service>;
  readonly chosen: MetalLoadBalancerClass;
  /** How many nodes the class's group has. */
  readonly nodeCount: number;
  readonly own: readonly Observed<Child>[];
  readonly children: ChildLookup;
}

/**
 * The children that a Service shall have. Of a dual-stack Service the count holds per family: child 0 of IPv4 and
 * child 0 of IPv6 (named after it) share a preferred node, so that a client finds both families in one place.
 */
export function childWishes(input: WishInput): ChildWish[] {
  const { service, chosen } = input;
  const ownOfClass = input.own.filter(({ value }) => value.className === chosen.metadata.name);
  const ownByName = new Map(ownOfClass.map((child) => [child.object.metadata.name, child]));
  const names = {
    isOwn: (name: string) => ownByName.has(name),
    isTaken: (name: string) => isTaken(input, name),
  };
  const owner = { service: service.value.metadata.name, className: chosen.metadata.name };
  const count = childCount(service.value, input.nodeCount, ownOfClass);
  const wishes = Array.from({ length: count }, (_, order) => slotsAt(order, service.value))
    .flat()
    .map(({ slot, family }) => {
      const name = childName(owner, slot, names);
      const existing = ownByName.get(name);
      return { slot, name, className: owner.className, family, existing };
    });
  const requestedIpOf = requestedIps(service.value, wishes);
  return wishes
    .map((wish) => ({ ...wish, requestedIp: requestedIpOf.get(wish) }))
    .filter((wish) => isPossible(wish, service.value, chosen));
}

/** By wish, each family by itself. */
function requestedIps<Wish extends Pick<ChildWish, 'family' | 'existing'>>(
  service: Service,
  wishes: readonly Wish[],
): ReadonlyMap<Wish, IpAddress | undefined> {
  const requestedIpOf = new Map<Wish, IpAddress | undefined>();
  for (const family of new Set(wishes.map((wish) => wish.family))) {
    const ofFamily = wishes.filter((wish) => wish.family === family);
    const held = ofFamily.map(({ existing }) => existing?.value.status.ip);
    const shares = shareOutRequested(requestedOfFamily(service, family), held);
    ofFamily.forEach((wish, index) => {
      requestedIpOf.set(wish, shares[index]);
    });
  }
  return requestedIpOf;
}

/** By somebody who is neither this Service nor a Service of its name that is gone. */
function isTaken({ service, own, children }: WishInput, name: string): boolean {
  const { namespace } = service.value.metadata;
  const holder = children.holderOf(keyOf({ namespace, name }));
  if (holder === undefined) return false;
  const isOwn = own.some(({ object }) => object.metadata.uid === holder.metadata.uid);
  return !isOwn && !isLeftover(holder, service.value);
}

/** Of a Service of the same name that is gone: it is deleted before its successor's children are made. */
function isLeftover({ metadata }: KubernetesObject, service: Service): boolean {
  const controller = metadata.ownerReferences?.find((owner) => owner.controller === true);
  return controller?.kind === 'Service' && controller.name === service.metadata.name;
}

/** Only a number takes an IP away: with `auto`, children of nodes that leave move; what can't be understood does nothing. */
function childCount(
  { count }: Service,
  nodeCount: number,
  own: readonly Observed<Child>[],
): number {
  if (typeof count === 'number') return count;
  const highest = Math.max(
    -1,
    ...own.map(({ object }) => slotOf(object.metadata.name)?.order ?? -1),
  );
  return Math.max(count === 'auto' ? nodeCount : 1, highest + 1);
}

interface FamilySlot {
  readonly slot: ChildSlot;
  readonly family: IpFamily | undefined;
}

function slotsAt(order: number, service: Service): FamilySlot[] {
  if (!isDualStack(service)) return [{ slot: { order }, family: undefined }];
  return service.ipFamilies.map((family, index) => ({
    slot: index === 0 ? { order } : { order, secondaryFamily: family },
    family,
  }));
}

function isDualStack({ ipFamilies, ipFamilyPolicy }: Service): boolean {
  return ipFamilies.length > 1 && ipFamilyPolicy !== 'SingleStack';
}

/**
 * PreferDualStack takes what there is: no child of a family that the pool lacks. But an IP once given stays, and
 * with neither family in the pool the primary's child is there to say so.
 */
function isPossible(
  { family, slot, existing }: ChildWish,
  { ipFamilyPolicy, ipFamilies }: Service,
  { spec }: MetalLoadBalancerClass,
): boolean {
  if (family === undefined || ipFamilyPolicy !== 'PreferDualStack') return true;
  const inPool = (wanted: IpFamily) => spec.addressPool.some((range) => range.family === wanted);
  if (inPool(family) || existing?.value.status.ip !== undefined) return true;
  return slot.secondaryFamily === undefined && !ipFamilies.some(inPool);
}

/** What placement places: one place for all children of a Service with one number. */
export function placementsOf(service: Service, wishes: readonly ChildWish[]): PlacementChild[] {
  const serviceKey = keyOf(service.metadata);
  const byOrder = new Map<number, PlacementChild>();
  for (const { slot, existing } of wishes) {
    const node = byOrder.get(slot.order)?.node ?? existing?.value.preferredNode;
    const key = placementKey(serviceKey, slot.order);
    byOrder.set(slot.order, { key, service: serviceKey, order: slot.order, node });
  }
  return [...byOrder.values()];
}

/** The key under which placement knows a Service's child of this number, whatever its name. */
export function placementKey(serviceKey: string, order: number): string {
  return `${serviceKey}#${order}`;
}
