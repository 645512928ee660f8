import { labelNodes } from '../../hooks/label-nodes.ts';
import { slotOf } from '../../hooks/lib/child-name.ts';
import { placementKey } from '../../hooks/lib/wanted-children.ts';
import { mayUseBgp } from '../api/edition.ts';
import type { MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import { CLASS_KIND, LABEL } from '../api/names.ts';
import type { Node } from '../api/node.ts';
import { keyOf, type ObjectMeta } from '../api/object.ts';
import type { Problem } from '../api/problem.ts';
import { Allocator } from '../ipam/allocator.ts';
import type { ListedPool } from '../metallb/listed-pools.ts';
import { ConflictError, NotLeadingError } from '../store/errors.ts';
import { type Occurrence, subjectOf } from '../store/event-sink.ts';
import type { Store } from '../store/store.ts';
import { WorkQueue } from '../store/work-queue.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { AddressBook, type ClassUsage } from './address-book.ts';
import { Announcers } from './announcers.ts';
import { ClassPlacements } from './class-placements.ts';
import { ClassUpkeep } from './class-upkeep.ts';
import { ClusterFacts } from './cluster-facts.ts';
import type { ClusterState } from './cluster-state.ts';
import { MetallbUpkeep } from './metallb-upkeep.ts';
import type { OldConfigMap } from './old-config-map.ts';
import { offerPools } from './pools-on-offer.ts';
import { type MetallbPoolUsage, ServiceAddresses } from './service-addresses.ts';
import { wasServedByMetallb } from './service-owner.ts';
import { ServiceReconciler } from './service-reconciler.ts';
import { ShardedQueue } from './sharded-queue.ts';
import { WaitingList } from './waiting-list.ts';

export interface TermPorts {
  readonly store: Store;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  /** Takes a note of what is worth an Event. */
  readonly tell: (occurrence: Occurrence) => void;
  /** Complete, and at least as new as the term. */
  readonly cluster: ClusterState;
  /** As it was read last. */
  readonly configMap: () => OldConfigMap;
}

export interface TermOptions {
  /** How long a released IP is not given to another owner while others are free. */
  readonly coolDownMs: number;
  /** Whoever runs the hooks alone writes children, statuses of Services and labels of nodes. */
  readonly hookRunner: 'controller' | 'shell-operator';
  /** `spec.loadBalancerClass` of what MetalLB's API serves; undefined: what has none. */
  readonly lbClass: string | undefined;
  /** Whose objects of MetalLB's API count, the strongest first. */
  readonly metallbNamespaces: readonly [string, ...string[]];
  /** What becomes of an IP that a pool of MetalLB's API holds no more. */
  readonly metallbPoolPolicy: 'Keep' | 'Reassign';
  /** Of Deckhouse: not every one has BGP. */
  readonly edition: string;
}

/** What may change with every IP is looked at this often at most: figures of classes, labels of nodes. */
const OTHERS_DELAY_MS = 500;
/** Services worked on at once: while one waits for the API server, the others go on. */
const CONCURRENCY = 8;
/** Key of the work on all nodes' labels, among the names of classes (none has a slash) and keys of `MetallbUpkeep`. */
const NODE_LABELS = 'nodes/labels';

/**
 * One time of leading: runs the hooks, placement and IPAM on what changed. All that it derives from the cluster is its
 * own, so that nothing of it outlives it: what another controller decided afterwards is found in the cluster.
 */
export class Term {
  readonly #ports: TermPorts;
  readonly #cluster: ClusterState;
  readonly #allocator: Allocator;
  readonly #waiting: WaitingList;
  readonly #addresses: AddressBook;
  readonly #serviceAddresses: ServiceAddresses;
  readonly #classUpkeep: ClassUpkeep;
  readonly #upkeep: MetallbUpkeep;
  readonly #placements: ClassPlacements;
  readonly #services: ShardedQueue;
  /** Statuses of classes by name, and the labels of nodes. */
  readonly #others: WorkQueue;
  readonly #facts: ClusterFacts;
  readonly #options: TermOptions;
  #poolProblems: readonly Problem[] = [];
  #announcers: Announcers;
  #othersTimer: Timer | undefined;
  #isOver = false;

  constructor(ports: TermPorts, options: TermOptions) {
    const { clock, random, log, cluster } = ports;
    this.#ports = ports;
    this.#options = options;
    this.#cluster = cluster;
    this.#facts = new ClusterFacts(cluster);
    this.#announcers = this.#findAnnouncers();
    this.#placements = new ClassPlacements((service) => this.#services.add(service));
    this.#allocator = new Allocator(options);
    this.#waiting = new WaitingList((services) => this.#addServices(services));
    const shared = { clock, allocator: this.#allocator, waiting: this.#waiting };
    this.#addresses = new AddressBook(shared);
    this.#serviceAddresses = new ServiceAddresses({
      ...shared,
      cluster,
      reassigns: this.#reassigns,
      announcers: () => this.#announcers,
      onChanged: () => this.#scheduleOthers(),
      lookAgain: (key) => this.#services.add(key),
    });
    const poolProblems = () => this.#poolProblems;
    // One that can't be read is there, too.
    const isNode = (name: string) => cluster.nodes.object(name) !== undefined;
    const { edition } = options;
    this.#classUpkeep = new ClassUpkeep(
      {
        ...{ ...ports, poolProblems, announcers: () => this.#announcers },
        usage: (name) => this.#addresses.usage(name),
      },
      edition,
    );
    this.#upkeep = new MetallbUpkeep(
      {
        ...{ ...ports, metallb: cluster.metallb, allocator: this.#allocator },
        service: (key) => cluster.services.get(key)?.metadata,
        announcers: () => this.#announcers,
        orphanedPools: () => this.#serviceAddresses.orphanedPools(),
        poolProblems,
        isNode,
        isRouted: (service) =>
          cluster.services.get(keyOf(service)) !== undefined && isNode(service.node),
      },
      edition,
    );
    const reconciler = new ServiceReconciler(
      {
        ...ports,
        placements: this.#placements,
        addresses: this.#addresses,
        serviceAddresses: this.#serviceAddresses,
      },
      { runsHooks: this.#runsHooks, lbClass: options.lbClass, hasBgp: mayUseBgp(edition) },
    );
    const onFailure = (key: string, error: unknown, retryMs: number | undefined) => {
      if (error instanceof ConflictError) log.debug('conflict', { key, retryMs, error });
      else if (error instanceof NotLeadingError) log.debug('not leading', { key, retryMs });
      else log.warn('work failed', { key, retryMs, error });
    };
    this.#services = new ShardedQueue(CONCURRENCY, () => ({
      clock,
      random,
      onFailure,
      work: async (key) => {
        await reconciler.reconcile(key);
        this.#lookAtTold(key);
      },
    }));
    this.#others = new WorkQueue({ clock, random, onFailure, work: (key) => this.#workOther(key) });
  }

  /** Keys that still want work. */
  get queueDepth(): number {
    return this.#services.depth + this.#others.depth;
  }

  usage(className: string): ClassUsage {
    return this.#addresses.usage(className);
  }

  metallbUsage(pool: ListedPool): MetallbPoolUsage {
    return this.#serviceAddresses.usage(pool);
  }

  /** How many objects of a kind have no effect in this edition. */
  refusedByEdition(): ReadonlyMap<string, number> {
    const refused = new Map(this.#upkeep.refusedByEdition());
    const classes = this.#classUpkeep.refusedByEdition;
    return classes > 0 ? refused.set(CLASS_KIND, classes) : refused;
  }

  /** Takes over what statuses say, before anything is assigned, then looks at everything. */
  begin(): void {
    const { log, tell } = this.#ports;
    this.#facts.classesChanged(this.#cluster.classes.keys());
    this.#facts.nodesChanged(this.#cluster.nodes.keys());
    this.#facts.poolsChanged();
    this.#facts.advertisementsChanged();
    this.#facts.communitiesChanged();
    this.#offerPools();
    const members = this.#nodes.filter(({ labels }) => labels[LABEL.member] !== undefined);
    this.#placements.adoptNodes(new Set(members.map(({ metadata }) => metadata.name)));
    for (const child of this.#childrenByAge()) {
      const { className, preferredNode: node, serviceRef, status } = child.value;
      const service = keyOf(serviceRef);
      const order = slotOf(child.object.metadata.name)?.order ?? 0;
      const key = placementKey(service, order);
      if (node !== undefined) this.#placements.adopt(className, { key, service, order, node });
      if (this.#addresses.adopt(child)) continue;
      log.error('address assigned twice', { child: keyOf(child.object.metadata), ip: status.ip });
      tell({
        subject: subjectOf(child.object),
        type: 'Warning',
        reason: 'AddressAssignedTwice',
        message: `${status.ip} is assigned to an older child, too: this one gets another IP`,
      });
    }
    const services = [...this.#cluster.services.values()];
    // An IP that two have is the older one's.
    for (const service of services.sort((a, b) => compareAge(a.metadata, b.metadata))) {
      if (this.#cluster.ofService(keyOf(service.metadata)).length > 0) continue;
      if (wasServedByMetallb(service)) this.#serviceAddresses.adopt(service);
      else this.#addresses.reserve(service);
    }
    const orphaned = [...this.#cluster.children.values()].map((child) => keyOf(child.serviceRef));
    this.#addServices(new Set(orphaned));
    this.#addServices(new Set(this.#cluster.metallb.servicesTold));
    this.#lookAtEverything();
  }

  /** Nothing is written any more once it resolves. */
  async stop(): Promise<void> {
    this.#isOver = true;
    this.#othersTimer?.cancel();
    await Promise.all([this.#services.stop(), this.#others.stop()]);
  }

  /** Resolves once nothing is waiting or in flight. */
  async idle(): Promise<void> {
    await Promise.all([this.#services.idle(), this.#others.idle()]);
  }

  onClasses(names: ReadonlySet<string>): void {
    if (!this.#facts.classesChanged(names)) {
      // As a rule it is the status that was written here, while IPs were being assigned.
      this.#scheduleOthers();
      return;
    }
    this.#offerPools();
    this.#lookAtEverything();
  }

  onPools(): void {
    if (!this.#facts.poolsChanged()) {
      this.#scheduleOthers();
      return;
    }
    this.#offerPools();
    this.#lookAtEverything();
  }

  onAdvertisements(): void {
    const haveNames = this.#facts.communitiesChanged();
    if (this.#facts.advertisementsChanged()) return this.#lookAtEverything();
    this.#scheduleOthers();
    if (!haveNames) return;
    this.#announcers = this.#findAnnouncers();
    if (this.#announcers.mayConflict) this.#addServices(new Set(this.#cluster.services.keys()));
  }

  onConfigurationStates(keys: ReadonlySet<string>): void {
    for (const key of keys) this.#others.add(`ConfigurationState/${key}`);
  }

  onConfigMap(): void {
    this.#scheduleOthers();
  }

  onNamespaces(names: ReadonlySet<string>): void {
    if (!this.#facts.namespacesChanged(names)) return;
    for (const key of this.#cluster.services.keys()) {
      if (names.has(key.slice(0, key.indexOf('/')))) this.#services.add(key);
    }
  }

  onNodes(names: ReadonlySet<string>): void {
    if (this.#facts.nodesChanged(names)) this.#lookAtEverything();
  }

  onServices(keys: ReadonlySet<string>): void {
    this.#addServices(keys);
  }

  onChildren(keys: ReadonlySet<string>, serviceKeys: ReadonlySet<string>): void {
    for (const key of keys) {
      if (this.#cluster.children.object(key) === undefined) this.#addresses.release(key);
    }
    this.#addServices(serviceKeys);
    this.#scheduleOthers();
  }

  get #runsHooks(): boolean {
    return this.#options.hookRunner === 'controller';
  }

  get #reassigns(): boolean {
    return this.#options.metallbPoolPolicy === 'Reassign';
  }

  #offerPools(): void {
    const { problems, changedPools } = offerPools(this.#allocator, {
      classes: this.#classes,
      pools: this.#cluster.metallb.pools,
      reassigns: this.#reassigns,
    });
    this.#poolProblems = problems;
    this.#waiting.wake(changedPools);
  }

  #addServices(keys: ReadonlySet<string>): void {
    for (const key of keys) this.#services.add(key);
  }

  /** What classes and nodes say concerns every Service; those it does not change cost a look, no write. */
  #lookAtEverything(): void {
    if (this.#runsHooks) this.#others.add(NODE_LABELS);
    this.#announcers = this.#findAnnouncers();
    this.#addStatuses();
    this.#addServices(new Set(this.#cluster.services.keys()));
  }

  #findAnnouncers(): Announcers {
    const { pools, bgp } = this.#cluster.metallb;
    return new Announcers({
      nodes: this.#nodes,
      pools,
      bgp: mayUseBgp(this.#options.edition) ? bgp.inForce : undefined,
    });
  }

  #childrenByAge() {
    return [...this.#cluster.children.keys()]
      .flatMap((key) => this.#cluster.child(key) ?? [])
      .sort((a, b) => compareAge(a.object.metadata, b.object.metadata));
  }

  /** The labels, too: they may depend on children of a class that is gone. */
  #scheduleOthers(): void {
    if (this.#isOver) return;
    this.#othersTimer ??= this.#ports.clock.after(OTHERS_DELAY_MS, () => {
      this.#othersTimer = undefined;
      this.#addStatuses();
      if (this.#runsHooks) this.#others.add(NODE_LABELS);
    });
  }

  #addStatuses(): void {
    for (const name of this.#cluster.classes.keys()) this.#others.add(name);
    for (const key of this.#upkeep.keys()) this.#others.add(key);
  }

  /** Only once it is known what the Service has. */
  #lookAtTold(serviceKey: string): void {
    for (const key of this.#cluster.metallb.toldOf(serviceKey)) this.#others.add(key);
  }

  async #workOther(key: string): Promise<void> {
    if (key === NODE_LABELS) await this.#labelNodes();
    else if (key.includes('/')) await this.#upkeep.work(key);
    else await this.#classUpkeep.work(key);
  }

  async #labelNodes(): Promise<void> {
    const operations = labelNodes({
      classes: this.#classes,
      nodes: this.#nodes,
      childClasses: this.#childClasses(),
      announcing: this.#upkeep.announcing,
    });
    for (const operation of operations) {
      await this.#ports.store.write(operation);
    }
  }

  *#childClasses(): Generator<string> {
    for (const { className } of this.#cluster.children.values()) yield className;
  }

  get #classes(): MetalLoadBalancerClass[] {
    return [...this.#cluster.classes.values()];
  }

  get #nodes(): Node[] {
    return [...this.#cluster.nodes.values()];
  }
}

function compareAge(a: ObjectMeta, b: ObjectMeta): number {
  const age = (metadata: ObjectMeta) => `${metadata.creationTimestamp} ${keyOf(metadata)}`;
  return age(a) < age(b) ? -1 : 1;
}
