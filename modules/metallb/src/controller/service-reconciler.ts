import { type ExpansionView, expandServices } from '../../hooks/expand-services.ts';
import { foldStatus } from '../../hooks/fold-status.ts';
import { compareSlots } from '../../hooks/lib/child-name.ts';
import type { ChildLookup, Observed } from '../../hooks/lib/observed.ts';
import { ownershipOf } from '../../hooks/lib/ownership.ts';
import { type StatusChanges, statusPatch } from '../../hooks/lib/status-patch.ts';
import { type Child, parseChild } from '../api/child.ts';
import { SERVICE_CONDITION } from '../api/conditions.ts';
import { CHILD_KIND } from '../api/names.ts';
import { type KubernetesObject, keyOf } from '../api/object.ts';
import type { Service } from '../api/service.ts';
import type { IpAddress } from '../net/ip.ts';
import { type PatchOperation, patchObject } from '../store/apply-patch.ts';
import { AlreadyExistsError, ConflictError, NotFoundError } from '../store/errors.ts';
import { inLanes } from '../store/in-lanes.ts';
import type { Operation, Store } from '../store/store.ts';
import type { Clock } from '../time/clock.ts';
import type { AddressBook } from './address-book.ts';
import { announceability } from './announceability.ts';
import type { ClassPlacements } from './class-placements.ts';
import type { ClusterState } from './cluster-state.ts';
import { type ServiceAddresses, WITHOUT_ORIGIN } from './service-addresses.ts';
import { isServedByMetallb, wasServedByMetallb } from './service-owner.ts';

/** Of one Service. A thousand at once would keep the renewal of the leader's own Lease waiting for too long. */
const WRITES_AT_ONCE = 8;

export interface ServiceReconcilerPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly cluster: ClusterState;
  readonly placements: ClassPlacements;
  readonly addresses: AddressBook;
  readonly serviceAddresses: ServiceAddresses;
}

export interface ServiceReconcilerOptions {
  readonly runsHooks: boolean;
  /** `spec.loadBalancerClass` of what MetalLB's API serves; undefined: what has none. */
  readonly lbClass: string | undefined;
  /** The edition has it. */
  readonly hasBgp: boolean;
}

/**
 * Brings one Service's children, their IPs and the Service's status to what the Service asks for, in one pass. Where
 * somebody else runs the hooks, their part of it is left out: the children are as they are found, and only they are
 * written.
 */
export class ServiceReconciler {
  readonly #ports: ServiceReconcilerPorts;
  readonly #options: ServiceReconcilerOptions;

  constructor(ports: ServiceReconcilerPorts, options: ServiceReconcilerOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** @throws ConflictError, StoreUnavailableError: try again; level-based, so from whatever the state is then */
  async reconcile(serviceKey: string): Promise<void> {
    const { cluster, addresses, serviceAddresses } = this.#ports;
    // A Service that can't be read is left alone with all it has.
    if (cluster.services.object(serviceKey) && !cluster.service(serviceKey)) return;
    const operations = this.#options.runsHooks ? this.#expand(serviceKey) : [];
    const changed = await this.#writeChildren(operations);
    const service = cluster.service(serviceKey);
    if (service === undefined) {
      addresses.forget(serviceKey);
      serviceAddresses.release(serviceKey);
      return;
    }
    // By number: in what order writes come back, or a watch tells, is no reason to have this or that IP.
    const own = () =>
      this.#withChanges(serviceKey, changed)
        .ofService(serviceKey)
        .filter((child) => ownershipOf(child, service.object.metadata) === 'own')
        .sort((a, b) => compareSlots(a.object.metadata.name, b.object.metadata.name));
    const served = this.#serveAsMetallb(serviceKey, service, own().length);
    const statuses = served === undefined ? this.#assign(serviceKey, service, own()) : [];
    for (const [key, child] of await this.#writeChildren(statuses)) changed.set(key, child);
    const conditions = own().flatMap((child) =>
      announceability(child, {
        ...{ cluster, hasBgp: this.#options.hasBgp },
        nowEpochMs: this.#ports.clock.epochMs(),
      }),
    );
    for (const [key, child] of await this.#writeChildren(conditions)) changed.set(key, child);
    const ofClass = this.#options.runsHooks
      ? this.#classStatus(service, operations, this.#withChanges(serviceKey, changed))
      : [];
    await this.#writeStatus(service, ofClass, served ?? notServed(service.value, own().length));
  }

  /** @returns what its status shall say; undefined where MetalLB's API does not serve it */
  #serveAsMetallb(
    serviceKey: string,
    service: Observed<Service>,
    childCount: number,
  ): StatusChanges | undefined {
    const { addresses, serviceAddresses, cluster } = this.#ports;
    const isServed = isServedByMetallb({
      service,
      childCount,
      lbClass: this.#options.lbClass,
      hasPools: cluster.metallb.pools.all.size > 0,
      holds: serviceAddresses.holds(serviceKey) && !serviceAddresses.isLeft(serviceKey),
      expansion: () => this.#view,
    });
    if (!isServed) {
      serviceAddresses.release(serviceKey);
      return undefined;
    }
    addresses.forget(serviceKey);
    return serviceAddresses.assign(service.value);
  }

  #assign(
    serviceKey: string,
    service: Observed<Service>,
    own: readonly Observed<Child>[],
  ): readonly Operation[] {
    const { addresses } = this.#ports;
    if (own.length > 0) return addresses.assign(serviceKey, own, inheritedIps(service, own));
    addresses.reserve(service.value);
    return [];
  }

  #expand(serviceKey: string): readonly Operation[] {
    const { cluster, placements } = this.#ports;
    let isPlaced = false;
    const services = new Map([[serviceKey, cluster.service(serviceKey)]]);
    const view = { ...this.#view, services };
    const operations = expandServices(view, (request) => {
      isPlaced = true;
      return placements.place(request);
    });
    if (!isPlaced) placements.forget(serviceKey);
    return operations;
  }

  get #view(): Omit<ExpansionView, 'services'> {
    const { cluster, clock } = this.#ports;
    return {
      classes: [...cluster.classes.values()],
      refusedClasses: cluster.refusedClasses,
      nodes: [...cluster.nodes.values()],
      children: cluster,
      nowEpochMs: clock.epochMs(),
    };
  }

  /** @returns the children as they are now by key; undefined for those that are gone */
  async #writeChildren(
    operations: readonly Operation[],
  ): Promise<Map<string, Observed<Child> | undefined>> {
    const ofChildren = operations.filter((operation) => kindOf(operation) === CHILD_KIND);
    const changed = new Map<string, Observed<Child> | undefined>();
    const write = async (operation: Operation) => {
      changed.set(keyOfOperation(operation), readChild(await this.#write(operation)));
    };
    // A leftover's name must be free before its successor takes it.
    const isDelete = (operation: Operation) => operation.do === 'delete';
    await inLanes(WRITES_AT_ONCE, ofChildren.filter(isDelete), write);
    const others = ofChildren.filter((operation) => !isDelete(operation));
    await inLanes(WRITES_AT_ONCE, others, write);
    return changed;
  }

  /** What the store holds after own writes: the watch may not have told them yet. */
  #withChanges(
    serviceKey: string,
    changed: ReadonlyMap<string, Observed<Child> | undefined>,
  ): ChildLookup {
    const { cluster } = this.#ports;
    const unchanged = cluster
      .ofService(serviceKey)
      .filter(({ object }) => !changed.has(keyOf(object.metadata)));
    const children = [...unchanged, ...[...changed.values()].flatMap((child) => child ?? [])];
    return { ofService: () => children, holderOf: (key) => cluster.holderOf(key) };
  }

  /** What expansion and folding have to say of the Service. */
  #classStatus(
    service: Observed<Service>,
    operations: readonly Operation[],
    children: ChildLookup,
  ): readonly PatchOperation[] {
    const expansion = operations
      .filter((operation) => operation.do === 'patch')
      .filter((operation) => operation.ref.kind === 'Service');
    const object = expansion.reduce(patchObject, service.object);
    const fold = foldStatus({
      services: new Map([[keyOf(object.metadata), { object, value: service.value }]]),
      children,
      nowEpochMs: this.#ports.clock.epochMs(),
    });
    return [...expansion, ...fold.filter((operation) => operation.do === 'patch')];
  }

  /** Whatever is to be said of the Service is one write. */
  async #writeStatus(
    service: Observed<Service>,
    ofClass: readonly PatchOperation[],
    changes: StatusChanges,
  ): Promise<void> {
    const object = ofClass.reduce(patchObject, service.object);
    const own = statusPatch(object, changes, this.#ports.clock.epochMs());
    const patch = [...ofClass.flatMap((operation) => operation.patch), ...own];
    if (patch.length === 0) return;
    const { name, namespace } = object.metadata;
    const ref = { kind: 'Service', namespace, name } as const;
    await this.#write({ do: 'patch', ref, subresource: 'status', patch });
  }

  /** A collision with a write that the watch has not told yet is like any other conflict. */
  async #write(operation: Operation): Promise<KubernetesObject | undefined> {
    try {
      return await this.#ports.store.write(operation);
    } catch (error) {
      if (error instanceof AlreadyExistsError || error instanceof NotFoundError) {
        throw new ConflictError(error.message, { cause: error });
      }
      throw error;
    }
  }
}

/** What MetalLB's API has said of a Service is not so any more. Where a class has it now, the IPs are the class's. */
function notServed(service: Service, childCount: number): StatusChanges {
  if (!wasServedByMetallb(service)) return { conditions: new Map() };
  const unsaid = { conditions: new Map([[SERVICE_CONDITION.metallbPool, undefined]]) };
  if (childCount > 0) return { ...unsaid, annotations: WITHOUT_ORIGIN };
  return {
    conditions: new Map([
      ...unsaid.conditions,
      [SERVICE_CONDITION.ipsInPool, undefined],
      [SERVICE_CONDITION.ipsAnnounceable, undefined],
    ]),
    annotations: WITHOUT_ORIGIN,
    ...(service.type === 'LoadBalancer' ? {} : { ingress: [] }),
  };
}

function readChild(object: KubernetesObject | undefined): Observed<Child> | undefined {
  if (object === undefined) return undefined;
  const parsed = parseChild(object);
  return parsed.ok ? { object, value: parsed.value } : undefined;
}

function kindOf(operation: Operation): string {
  return operation.do === 'create' ? operation.object.kind : operation.ref.kind;
}

function keyOfOperation(operation: Operation): string {
  return keyOf(operation.do === 'create' ? operation.object.metadata : operation.ref);
}

/** IPs in the Service's status that none of its children has: another load balancer gave them, or an older version. */
function inheritedIps(
  { value }: Observed<Service>,
  own: readonly Observed<Child>[],
): readonly IpAddress[] {
  const held = new Set(own.map((child) => child.value.status.ip));
  return value.status.ingress.filter((ip) => !held.has(ip));
}
