import { CONFIGURATION_CONDITION } from '../api/conditions.ts';
import { METALLB_API_VERSION, METALLB_LABEL } from '../api/names.ts';
import { type KubernetesObject, keyOf, type ObjectMeta } from '../api/object.ts';
import { formatProblems, type Problem } from '../api/problem.ts';
import { tellsOf } from '../api/service-l2-status.ts';
import type { Allocator } from '../ipam/allocator.ts';
import { type Announcing, announcingFor } from '../metallb/advertisement-nodes.ts';
import { type PoolKind, poolKey } from '../metallb/listed-pools.ts';
import { AlreadyExistsError, NotFoundError } from '../store/errors.ts';
import type { Operation, Store } from '../store/store.ts';
import type { Clock } from '../time/clock.ts';
import {
  type AdvertisementStatusView,
  acceptedCondition,
  advertisementComplaints,
  advertisementStatusOperation,
} from './advertisement-status.ts';
import { ownerOf } from './claim-of-service.ts';
import type { MetallbState } from './metallb-state.ts';
import { poolComplaints, poolStatusOperation } from './pool-status.ts';
import { statusOperation } from './status-operation.ts';

export interface MetallbUpkeepPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly metallb: MetallbState;
  readonly allocator: Allocator;
  readonly service: (key: string) => ObjectMeta | undefined;
  /** Names of pools that are gone while Services have IPs of them. */
  readonly orphanedPools: () => ReadonlySet<string>;
  /** What is wrong with pools, whosever. */
  readonly poolProblems: () => readonly Problem[];
}

const OWN_NAME = 'controller';

/** Writes what the controller has to say of the objects of MetalLB's API, Services aside. */
export class MetallbUpkeep {
  readonly #ports: MetallbUpkeepPorts;

  constructor(ports: MetallbUpkeepPorts) {
    this.#ports = ports;
  }

  /** All that may say something else after a change of pools, of advertisements, or of who has which IP. */
  keys(): readonly string[] {
    const { ipAddressPools, metalLoadBalancerPools, advertisements } = this.#ports.metallb;
    const named = (kind: string, keys: Iterable<string>) =>
      [...keys].map((key) => `${kind}/${key}`);
    return [
      ...named('IPAddressPool', ipAddressPools.keys()),
      ...named('MetalLoadBalancerPool', metalLoadBalancerPools.keys()),
      ...named('L2Advertisement', advertisements.keys()),
      `ConfigurationState/${this.#ownKey}`,
    ];
  }

  get #ownKey(): string {
    return keyOf({ namespace: this.#ports.metallb.watched[0], name: OWN_NAME });
  }

  /**
   * The nodes that advertisements need, by what is to be said of each: a definition of MetalLB's own has no room for it, so
   * what is stored need not say it.
   */
  get announcing(): Announcing {
    const { advertisements } = this.#ports.metallb;
    const judged = [...advertisements.keys()].map((key) => {
      const view = this.#advertisementView(key);
      return { advertisement: advertisements.get(key), accepted: view && acceptedCondition(view) };
    });
    return announcingFor(judged);
  }

  /** @param workKey `Kind/namespace/name` */
  async work(workKey: string): Promise<void> {
    const [kind = '', ...rest] = workKey.split('/');
    const operation = this.#operation(kind, rest.join('/'));
    if (operation === undefined) return;
    try {
      await this.#ports.store.write(operation);
    } catch (error) {
      // Deleted meanwhile, or its namespace is not there: nobody is left to be told. Made meanwhile: its watch tells.
      if (error instanceof NotFoundError || error instanceof AlreadyExistsError) return;
      throw error;
    }
  }

  #operation(kind: string, key: string): Operation | undefined {
    switch (kind) {
      case 'IPAddressPool':
      case 'MetalLoadBalancerPool':
        return this.#poolStatus(kind, key);
      case 'L2Advertisement':
        return this.#advertisementStatus(key);
      case 'ServiceL2Status':
        return this.#staleStatus(key);
      default:
        return key === this.#ownKey ? this.#ownState() : undefined;
    }
  }

  #poolStatus(kind: PoolKind, key: string): Operation | undefined {
    const { metallb, allocator, clock, poolProblems } = this.#ports;
    const object = metallb.byKind[kind].object(key);
    if (object === undefined) return undefined;
    return poolStatusOperation({
      kind,
      object,
      pools: metallb.pools,
      advertisements: metallb.advertisementsInForce,
      usage: allocator.usage(poolKey(kind, object.metadata)),
      poolProblems: poolProblems(),
      nowEpochMs: clock.epochMs(),
    });
  }

  #advertisementStatus(key: string): Operation | undefined {
    const view = this.#advertisementView(key);
    return view && advertisementStatusOperation(view, this.#ports.clock.epochMs());
  }

  #advertisementView(key: string): AdvertisementStatusView | undefined {
    const { metallb } = this.#ports;
    const object = metallb.advertisements.object(key);
    if (object === undefined) return undefined;
    return {
      object,
      isInForce: metallb.advertisements.get(key) !== undefined,
      pools: metallb.pools,
      orphaned: this.#ports.orphanedPools(),
      namespaces: metallb.watched,
    };
  }

  /** Its writer is the announcer, who has nothing to say any more once the Service has another IP or none. */
  #staleStatus(key: string): Operation | undefined {
    const { metallb, allocator } = this.#ports;
    const object = metallb.l2Statuses.object(key);
    const told = metallb.l2Statuses.get(key);
    const service = metallb.serviceOfL2Status(key);
    if (object === undefined || told === undefined || service === undefined) return undefined;
    const { ip } = told.status;
    // One without an IP is MetalLB's own.
    if (ip === undefined) return undefined;
    const isAssigned = allocator.assignmentOf(ownerOf(service))?.ips.includes(ip) === true;
    const metadata = this.#ports.service(service);
    if (isAssigned && metadata !== undefined && tellsOf(told, metadata)) return undefined;
    const { name, namespace, uid } = object.metadata;
    return { do: 'delete', ref: { kind: 'ServiceL2Status', namespace, name }, uid };
  }

  /** Whether all that the controller is configured with can be understood. */
  #ownState(): Operation | undefined {
    const { metallb, clock } = this.#ports;
    const object = metallb.configurationStates.object(this.#ownKey);
    const isUsed = this.keys().length > 1;
    if (object === undefined) return isUsed ? newState(metallb.watched[0]) : undefined;
    const problems = this.#problems();
    const errorSummary = formatProblems(problems);
    const isValid = problems.length === 0;
    return statusOperation(
      {
        kind: 'ConfigurationState',
        object,
        figures: { result: isValid ? 'Valid' : 'Invalid', errorSummary },
        conditions: new Map([
          [
            CONFIGURATION_CONDITION.pools,
            {
              status: isValid ? 'True' : 'False',
              reason: isValid ? 'Reconciled' : 'ConfigurationError',
              message: errorSummary,
            },
          ],
        ]),
      },
      clock.epochMs(),
    );
  }

  #problems(): Problem[] {
    const { metallb, poolProblems } = this.#ports;
    const counts = ({ metadata: { namespace } }: KubernetesObject) =>
      namespace === undefined || metallb.watched.includes(namespace);
    const ofPools = (['IPAddressPool', 'MetalLoadBalancerPool'] as const).flatMap((kind) =>
      [...metallb.byKind[kind].objects()]
        .filter(counts)
        .flatMap(
          (object) => poolComplaints({ kind, object, poolProblems: poolProblems() }).problems,
        ),
    );
    const ofAdvertisements = [...metallb.advertisements.objects()]
      .filter(counts)
      .flatMap(advertisementComplaints);
    return [...ofPools, ...ofAdvertisements];
  }
}

function newState(namespace: string): Operation {
  const labels = { [METALLB_LABEL.componentType]: 'controller' };
  const metadata = { name: OWN_NAME, namespace, labels };
  return {
    do: 'create',
    object: { apiVersion: METALLB_API_VERSION, kind: 'ConfigurationState', metadata },
  };
}
