import type { ConditionValue } from '../../hooks/lib/status-patch.ts';
import { ADVERTISEMENT_CONDITION, CONFIGURATION_CONDITION } from '../api/conditions.ts';
import { nodeOfState } from '../api/configuration-state.ts';
import { editionRequired, mayUseBgp } from '../api/edition.ts';
import { equalitySelectors, type LabelSelector } from '../api/label-selector.ts';
import { METALLB_API_VERSION, METALLB_LABEL } from '../api/names.ts';
import { type KubernetesObject, keyOf, type ObjectMeta } from '../api/object.ts';
import { formatProblems, type Problem } from '../api/problem.ts';
import { tellsOf } from '../api/service-l2-status.ts';
import type { Allocator } from '../ipam/allocator.ts';
import { type Announcing, announcingFor, type JudgedObject } from '../metallb/announcing-nodes.ts';
import type { ServiceOfNode } from '../metallb/bgp-status.ts';
import { type PoolKind, poolKey } from '../metallb/listed-pools.ts';
import { AlreadyExistsError, NotFoundError } from '../store/errors.ts';
import type { Mirror } from '../store/mirror.ts';
import type { Operation, Store } from '../store/store.ts';
import type { Clock } from '../time/clock.ts';
import type { Announcers } from './announcers.ts';
import { ownerOf } from './claim-of-service.ts';
import { isJudgedKind, type JudgedKind, type Judges, judgesOf } from './judges.ts';
import type { MetallbState } from './metallb-state.ts';
import type { OldConfigMap } from './old-config-map.ts';
import { poolComplaints, poolStatusOperation } from './pool-status.ts';
import { statusOperation } from './status-operation.ts';

export interface MetallbUpkeepPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly metallb: MetallbState;
  readonly allocator: Allocator;
  readonly service: (key: string) => ObjectMeta | undefined;
  readonly announcers: () => Announcers;
  /** Names of pools that are gone while Services have IPs of them. */
  readonly orphanedPools: () => ReadonlySet<string>;
  /** What is wrong with pools, whosever. */
  readonly poolProblems: () => readonly Problem[];
  /** As it was read last. */
  readonly configMap: () => OldConfigMap;
  readonly isNode: (name: string) => boolean;
  /** Whether this Service is there, and this node. */
  readonly isRouted: (service: ServiceOfNode) => boolean;
}

const OWN_NAME = 'controller';

/** Writes what the controller has to say of the objects of MetalLB's API, Services aside. */
export class MetallbUpkeep {
  readonly #ports: MetallbUpkeepPorts;
  readonly #edition: string;
  readonly #judges: Judges;

  /** @param edition of Deckhouse: not every one has BGP */
  constructor(ports: MetallbUpkeepPorts, edition: string) {
    this.#ports = ports;
    this.#edition = edition;
    this.#judges = judgesOf(ports, edition);
  }

  /** All that may say something else after a change of pools, of advertisements, of nodes, or of who has which IP. */
  keys(): readonly string[] {
    const { configurationStates } = this.#ports.metallb;
    const stale = [...configurationStates.keys()].filter((key) => this.#isOfGoneNode(key));
    const states = [this.#ownKey, ...stale];
    return [...this.#judgedKeys(), ...states.map((key) => `ConfigurationState/${key}`)];
  }

  #judgedKeys(): string[] {
    const { ipAddressPools, metalLoadBalancerPools } = this.#ports.metallb;
    const named = (kind: string, keys: Iterable<string>) =>
      [...keys].map((key) => `${kind}/${key}`);
    return [
      ...named('IPAddressPool', ipAddressPools.keys()),
      ...named('MetalLoadBalancerPool', metalLoadBalancerPools.keys()),
      ...[...this.#judges].flatMap(([kind, judge]) => named(kind, judge.keys())),
    ];
  }

  /** How many objects of a kind have no effect in this edition; kinds that have some are not in it. */
  refusedByEdition(): ReadonlyMap<string, number> {
    const counts = [...this.#judges].map(([kind, judge]) => [kind, judge.refused] as const);
    return new Map(counts.filter(([, refused]) => refused > 0));
  }

  get #ownKey(): string {
    return keyOf({ namespace: this.#ports.metallb.watched[0], name: OWN_NAME });
  }

  /**
   * The nodes that have to announce, by what is to be said of each object: a definition of MetalLB's own has no room for it,
   * so what is stored need not say it.
   */
  get announcing(): Announcing {
    const { advertisements, bgp } = this.#ports.metallb;
    return announcingFor([
      ...this.#judged('L2Advertisement', advertisements, ({ spec }) => spec.nodeSelectors),
      ...this.#judged('BGPPeer', bgp.peers, ({ spec }) => spec.nodeSelectors),
      ...this.#judged('MetalLoadBalancerConfiguration', bgp.configurations, ({ spec }) =>
        equalitySelectors(spec.nodeSelector),
      ),
    ]);
  }

  #judged<T>(
    kind: JudgedKind,
    mirror: Mirror<T>,
    selectorsOf: (value: T) => readonly LabelSelector[],
  ): JudgedObject[] {
    return [...mirror.keys()].map((key) => {
      const value = mirror.get(key);
      const nodeSelectors = value && selectorsOf(value);
      return { nodeSelectors, accepted: this.#judges.get(kind)?.conditionOf(key) };
    });
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
      case 'ServiceL2Status':
        return this.#staleStatus(key);
      case 'ServiceBGPStatus':
        return this.#staleRoute(key);
      case 'ConfigurationState':
        return key === this.#ownKey ? this.#ownState() : this.#staleState(key);
      default:
        return isJudgedKind(kind) ? this.#acceptance(kind, key) : undefined;
    }
  }

  #acceptance(kind: JudgedKind, key: string): Operation | undefined {
    const { metallb, clock } = this.#ports;
    const object = metallb.byKind[kind].object(key);
    const condition = this.#judges.get(kind)?.conditionOf(key);
    if (object === undefined || condition === undefined) return undefined;
    const conditions = new Map([[ADVERTISEMENT_CONDITION.accepted, condition]]);
    return statusOperation({ kind, object, figures: {}, conditions }, clock.epochMs());
  }

  #poolStatus(kind: PoolKind, key: string): Operation | undefined {
    const { metallb, allocator, clock, announcers, poolProblems } = this.#ports;
    const object = metallb.byKind[kind].object(key);
    if (object === undefined) return undefined;
    return poolStatusOperation({
      kind,
      object,
      pools: metallb.pools,
      advertisements: metallb.advertisementsInForce,
      bgpAdvertisements: announcers().bgp?.advertisements,
      usage: allocator.usage(poolKey(kind, object.metadata)),
      poolProblems: poolProblems(),
      nowEpochMs: clock.epochMs(),
    });
  }

  /** Its writer is the announcer, who has nothing to say any more once the Service has another IP or none. */
  #staleStatus(key: string): Operation | undefined {
    const { metallb, allocator } = this.#ports;
    const object = metallb.l2Statuses.object(key);
    const told = metallb.l2Statuses.get(key);
    const service = metallb.serviceOfTold('ServiceL2Status', key);
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

  /** Its node deletes it, as long as there is the node, and the edition has BGP. */
  #staleRoute(key: string): Operation | undefined {
    const { metallb, announcers, isRouted } = this.#ports;
    const object = metallb.bgpStatuses.object(key);
    const service = metallb.serviceOfRoute(key);
    if (object === undefined || service === undefined) return undefined;
    if (announcers().bgp !== undefined && isRouted(service)) return undefined;
    const { name, namespace, uid } = object.metadata;
    return { do: 'delete', ref: { kind: 'ServiceBGPStatus', namespace, name }, uid };
  }

  /** As long as there is the node, its speaker mends what it told. */
  #staleState(key: string): Operation | undefined {
    const object = this.#ports.metallb.configurationStates.object(key);
    if (object === undefined || !this.#isOfGoneNode(key)) return undefined;
    const { name, namespace, uid } = object.metadata;
    return { do: 'delete', ref: { kind: 'ConfigurationState', namespace, name }, uid };
  }

  /** Where this module's speakers tell; those of a MetalLB beside it are its own to look after. */
  #isOfGoneNode(key: string): boolean {
    const { metallb, isNode } = this.#ports;
    const metadata = metallb.configurationStates.object(key)?.metadata;
    if (metadata?.namespace !== metallb.watched[0]) return false;
    const node = nodeOfState(metadata);
    return node !== undefined && !isNode(node);
  }

  /** Whether all that the controller is configured with can be understood. */
  #ownState(): Operation | undefined {
    const { metallb, clock } = this.#ports;
    const object = metallb.configurationStates.object(this.#ownKey);
    const problems = this.#problems();
    const isUsed = this.#judgedKeys().length > 0 || problems.length > 0;
    if (object === undefined) return isUsed ? newState(metallb.watched[0]) : undefined;
    const errorSummary = formatProblems(problems);
    const isValid = problems.length === 0;
    return statusOperation(
      {
        kind: 'ConfigurationState',
        object,
        figures: { result: isValid ? 'Valid' : 'Invalid', errorSummary },
        conditions: new Map<string, ConditionValue | undefined>([
          [CONFIGURATION_CONDITION.accepted, this.#refusalOfConfigMap()],
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

  /** The objects that it stands for have statuses that nobody sees. */
  #refusalOfConfigMap(): ConditionValue | undefined {
    const { bgpParts } = this.#ports.configMap();
    if (bgpParts === undefined || mayUseBgp(this.#edition)) return undefined;
    const consequence = 'they have no effect; ARP and NDP are as they were';
    const message = `${bgpParts}: ${editionRequired(this.#edition, consequence)}`;
    return { status: 'False', reason: 'EditionRequired', message };
  }

  #problems(): Problem[] {
    const { metallb, poolProblems, configMap } = this.#ports;
    const counts = ({ metadata: { namespace } }: KubernetesObject) =>
      namespace === undefined || metallb.watched.includes(namespace);
    const ofPools = (['IPAddressPool', 'MetalLoadBalancerPool'] as const).flatMap((kind) =>
      [...metallb.byKind[kind].objects()]
        .filter(counts)
        .flatMap(
          (object) => poolComplaints({ kind, object, poolProblems: poolProblems() }).problems,
        ),
    );
    const ofJudges = [...this.#judges.values()].flatMap((judge) => judge.problems());
    return [...configMap().problems, ...ofPools, ...ofJudges];
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
