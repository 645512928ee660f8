import type { WantedCondition } from '../api/conditions.ts';
import type { DutyTable } from '../duty/duty.ts';
import { diffTables } from '../duty/duty-table.ts';
import { type ServedPools, shownPools } from '../linux/served-pools.ts';
import type { IpAddress } from '../net/ip.ts';
import type { Store } from '../store/store.ts';
import type { Timer } from '../time/clock.ts';
import { BgpRouting } from './bgp-routing.ts';
import { ClusterView } from './cluster-view.ts';
import { DutyBoard } from './duty-board.ts';
import type { Installation } from './installation.ts';
import { withoutStore } from './last-known-good.ts';
import { layer2Services } from './layer2-services.ts';
import { watchLoss } from './loss-watch.ts';
import { NodeHealth } from './node-health.ts';
import { reachabilityWishes } from './reachability-wishes.ts';
import { Relisting } from './relisting.ts';
import { logUnwritten } from './report-log.ts';
import { besides, servedPools } from './served-pools.ts';
import type { SpeakerIdentity, SpeakerPorts } from './speaker-ports.ts';
import { StateKeeper } from './state-keeper.ts';
import { StatusWriter } from './status-writer.ts';
import { StoreFeed } from './store-feed.ts';
import { StoreStart } from './store-start.ts';
import { WireLink } from './wire-link.ts';
import { WireReports } from './wire-reports.ts';
import { WireState } from './wire-state.ts';

/** How long the store may take before the duties of the speaker before are resumed. */
const PATIENCE_MS = 1_000;
/** Kinds of objects come on ways of their own: a child may be here before its class is. */
const REFUSAL_STANDS_MS = 1_000;

/** Duties from the store to the wire, reports from the wire to the store. */
export class Speaker {
  #identity: SpeakerIdentity;
  readonly #ports: SpeakerPorts;
  readonly #view: ClusterView;
  readonly #board: DutyBoard;
  readonly #feed: StoreFeed;
  readonly #wireState = new WireState();
  readonly #relisting: Relisting;
  readonly #link: WireLink;
  readonly #statusWriter: StatusWriter;
  readonly #reports: WireReports;
  readonly #keeper: StateKeeper;
  readonly #health: NodeHealth;
  readonly #storeStart: StoreStart;
  /** Undefined in an edition without BGP. */
  readonly #bgp: BgpRouting | undefined;
  /** Where the duties on the wire come from. */
  #source: 'nothing' | 'last-known-good' | 'store' = 'nothing';
  #storeConnected = false;
  #lastSyncEpochMs: number | undefined;
  /** IPs that nobody can announce, once that had stood for a moment. */
  readonly #toldRefusals = new Set<IpAddress>();
  #patience: Timer | undefined;
  #edge: Timer | undefined;

  constructor(ports: SpeakerPorts, identity: SpeakerIdentity) {
    this.#identity = identity;
    this.#ports = ports;
    const { clock, random, log } = ports;
    this.#view = new ClusterView(ports.metallb);
    this.#board = new DutyBoard(identity.node, this.#view, {
      onRefusal: (ip, refusal) => {
        this.#toldRefusals.delete(ip);
        clock.after(REFUSAL_STANDS_MS, () => this.#tellRefusal(ip, refusal));
      },
      holds: (ip, healthPorts) => this.#health.dataplane.holds(ip, healthPorts),
    });
    this.#health = this.#newHealth();
    this.#feed = new StoreFeed(this.#watchedStore(), this.#view, {
      onChange: () => this.#heard(),
      onStatusChange: (ip) => this.#statusChanged(ip),
      onConfiguration: () => this.#statusWriter.configurationChanged(),
      onNode: (name) => name === identity.node && this.#tellNode(),
      onProblem: (problems) =>
        log.warn('object is wrong, its last good version counts', { problems }),
    });
    this.#relisting = new Relisting(clock, random, () => ports.store.relist());
    this.#link = new WireLink({
      clock,
      connect: ports.connectWire,
      log,
      onReport: (report) => this.#reports.take(report),
      onRelist: () => this.#relisting.request(),
      onNewWire: () => this.#forgetWire(),
    });
    this.#statusWriter = new StatusWriter(identity.node, {
      store: ports.store,
      view: this.#view,
      objects: this.#feed,
      wire: this.#wireState,
      statusNamespace: ports.metallb.namespaces[0],
      nodeConditions: () => this.#nodeConditions(),
      isRefused: (ip) => this.#toldRefusals.has(ip) && this.#board.refusals.has(ip),
      sessions: () => this.#bgp?.told() ?? [],
      clock,
      random,
      onFailure: (key, error, retryMs) => logUnwritten(log, { key, error, retryMs }),
    });
    this.#reports = new WireReports(identity.node, {
      ...{ clock, log, metrics: ports.metrics, events: ports.events },
      ...{ view: this.#view, objects: this.#feed, wire: this.#wireState },
      statuses: this.#statusWriter,
      onSegments: () => this.#health.lookAgain(),
    });
    this.#keeper = new StateKeeper({
      clock,
      write: () => this.#writeState(),
      onFailure: (error) => log.warn('last-known-good state not written', { error }),
      onConditions: () => this.#tellConditions(),
    });
    this.#storeStart = new StoreStart({
      ...{ store: ports.store, clock, log },
      onFailure: ports.lastKnownGood === undefined ? undefined : () => this.#resumeLastKnownGood(),
    });
    this.#bgp = ports.metallb.hasBgp ? this.#newBgp() : undefined;
  }

  /** Duties can be served: from the store or from what was last known. */
  get ready(): boolean {
    return this.#source !== 'nothing' && this.#link.connected;
  }

  /**
   * Idempotent. Resolves before the store has told anything.
   * @throws what the store throws, when it can't be started and there is no last-known-good state to go by
   */
  async start(): Promise<void> {
    this.#feed.restore(this.#ports.lastKnownGood?.objects ?? []);
    this.#feed.start();
    this.#health.start();
    this.#patience ??= this.#ports.clock.after(PATIENCE_MS, () => this.#resumeLastKnownGood());
    await this.#storeStart.start();
  }

  /** Routers hear of it at once; everything else goes on until `stop`. Idempotent. */
  async leave(): Promise<void> {
    await this.#bgp?.stop();
  }

  /** Idempotent. The wire goes on with what it has. */
  async stop(): Promise<void> {
    for (const timer of [this.#patience, this.#edge]) timer?.cancel();
    this.#storeStart.stop();
    this.#relisting.stop();
    this.#feed.stop();
    this.#health.stop();
    this.#link.stop();
    await this.#bgp?.stop();
    await this.#statusWriter.stop();
    await this.#keeper.stop();
    await this.#ports.events.stop();
    await this.#ports.store.stop();
  }

  /** The heartbeat keys have changed: what was written before them says so of the ones that are gone. */
  rekeyed(installation: Installation): void {
    this.#identity = { ...this.#identity, installation };
    // What is known without the store is not this speaker's to write.
    if (this.#source === 'store') this.#keeper.changed();
  }

  /** What `ready` rests on. */
  get health(): object {
    return {
      source: this.#source,
      storeConnected: this.#storeConnected,
      wireConnected: this.#link.connected,
    };
  }

  /** All that `mlb status` shows of this node. */
  status(): object {
    const { duties, draining, revision } = this.#link.table;
    return {
      node: this.#identity.node,
      ...this.health,
      revision,
      draining,
      duties: [...duties.values()],
      refusals: Object.fromEntries(this.#board.refusals),
      announced: this.#wireState.announced,
      segments: Object.fromEntries(this.#wireState.segments),
      served: shownPools(this.#served() ?? []),
      reachability: this.#health.reachability.reach,
      bgp: this.#bgp?.status(),
      conditions: this.#nodeConditions().filter(({ status }) => status === 'True'),
    };
  }

  /** Brings the gauges level; call before they are read. */
  showFigures(): void {
    const { announced } = this.#wireState;
    this.#ports.metrics.show({
      duties: this.#link.table.duties.size,
      refusedIps: this.#board.refusals.size,
      statusQueueDepth: this.#statusWriter.depth,
      storeConnected: this.#storeConnected,
      wireConnected: this.#link.connected,
      lastSyncEpochMs: this.#lastSyncEpochMs,
      stateWrittenEpochMs: this.#keeper.writtenEpochMs,
      waitingIps: this.#health.dataplane.gate.waiting,
      dataplaneFailed: this.#health.dataplane.gate.failed,
      unreachable: this.#health.reachability.verdicts,
      announced,
      announcedServices: [
        ...layer2Services(this.#identity.node, this.#view, announced),
        ...(this.#bgp?.announced() ?? []),
      ],
      bgp: this.#bgp?.figures,
      conflicts: this.#wireState.conflicts,
    });
  }

  #newHealth(): NodeHealth {
    const { clock, log, metrics, sight } = this.#ports;
    return new NodeHealth({
      ...{ clock, log, sight },
      nodeIps: () => this.#view.nodes.get(this.#identity.node)?.internalIps ?? [],
      served: () => this.#served(),
      ips: () => this.#link.table.duties.keys(),
      wishes: () => reachabilityWishes(this.#link.table, this.#view.policies),
      segments: () => this.#wireState.segments.keys(),
      onEcho: (name, outcome) => metrics.echo(name, outcome),
      onGate: () => {
        this.#link.update(this.#health.gateChanges);
        this.#bgp?.lookAgain();
      },
      onConditions: () => this.#tellConditions(),
      onReleased: (released) => {
        for (const one of released) metrics.waited(one);
        const ips = released.map(({ ip }) => ip);
        this.#view.staleIps(ips);
        this.#bgp?.release(ips);
        if (this.#source === 'store') this.#refresh();
      },
    });
  }

  #newBgp(): BgpRouting {
    const { store, clock, random, log, metallb, bfdd, sight, bgpListenPort } = this.#ports;
    const { dataplane } = this.#health;
    return new BgpRouting(this.#identity.node, {
      ...{ store, clock, random, log, bfdd, bgpListenPort, view: this.#view },
      ...{ links: sight.links, lookUpRoutes: sight.lookUpRoutes },
      dataplane: {
        holds: (ip, healthPorts) => dataplane.holds(ip, healthPorts),
        servesNothing: () => dataplane.gate.servesNothing,
      },
      statusNamespace: metallb.namespaces[0],
      forwardsOn: this.#ports.lastKnownGood?.bootId === this.#identity.bootId,
      onConditions: () => this.#tellConditions(),
      onServed: () => this.#health.lookAgain(),
      onMemory: () => this.#keeper.changed(),
    });
  }

  /** Those of the Node not before the wire has told its own: they would read as over. */
  #tellConditions(): void {
    this.#statusWriter.configurationChanged();
    this.#tellNode();
  }

  #tellNode(): void {
    if (this.#reports.areConditionsTold) this.#statusWriter.nodeChanged();
  }

  /** Undefined until it is known: before the wire has told of its interfaces, and the ways to routers. */
  #served(): ServedPools[] | undefined {
    const { segments } = this.#wireState;
    const { table } = this.#link;
    const routed = this.#bgp === undefined ? [] : this.#bgp.served;
    if (routed === undefined || (segments.size === 0 && table.groups.size > 0)) return undefined;
    const { excludeInterfaces } = this.#ports.sight;
    const own = servedPools(table, this.#view.policies, segments.keys(), excludeInterfaces);
    return [...own, ...besides(routed, own)];
  }

  #nodeConditions(): WantedCondition[] {
    return [
      ...this.#wireState.nodeConditions(),
      ...this.#health.conditions(),
      ...this.#keeper.conditions(),
      ...(this.#bgp?.conditions() ?? []),
    ];
  }

  #tellRefusal(ip: IpAddress, refusal: string): void {
    if (this.#board.refusals.get(ip) !== refusal) return;
    this.#toldRefusals.add(ip);
    this.#ports.log.warn('nobody can announce address', { ip, refusal });
    this.#statusWriter.ipChanged(ip);
  }

  #watchedStore(): Store {
    return watchLoss(this.#ports.store, {
      onLost: (error) => this.#storeLost(error),
      onReached: () => {
        this.#storeConnected = true;
        this.#board.storeReached();
      },
    });
  }

  #storeLost(error: Error): void {
    if (this.#storeConnected)
      this.#ports.log.warn('store is lost, its last state counts', { error });
    this.#storeConnected = false;
    this.#board.storeLost(this.#ports.clock.epochMs());
    if (this.#feed.synced) this.#refresh();
    else this.#resumeLastKnownGood();
  }

  /** What the speaker before did last, until the store has been heard. */
  #resumeLastKnownGood(): void {
    const { lastKnownGood, log } = this.#ports;
    if (this.#source !== 'nothing' || lastKnownGood === undefined) return;
    log.warn('store is silent, resuming last-known-good duties', {
      writtenEpochMs: lastKnownGood.writtenEpochMs,
      sameBoot: lastKnownGood.bootId === this.#identity.bootId,
    });
    this.#serve('last-known-good', withoutStore(lastKnownGood, this.#identity.bootId));
    if (lastKnownGood.bgp !== undefined) this.#bgp?.resume(lastKnownGood.bgp);
  }

  #heard(): void {
    this.#lastSyncEpochMs = this.#ports.clock.epochMs();
    this.#refresh();
  }

  #refresh(): void {
    const epochMs = this.#ports.clock.epochMs();
    const published = this.#view.takePublished();
    // What was there at the start, kube-proxy has long had.
    if (this.#source === 'store') for (const ip of published) this.#health.dataplane.published(ip);
    const changes = this.#board.update({ epochMs, revision: this.#feed.revision });
    this.#bgp?.update();
    this.#watchEdge(epochMs);
    if (this.#source !== 'store') {
      this.#serve('store', this.#board.table);
      // Also when there is nothing to do here: the file may still say otherwise.
      this.#keeper.changed();
      return;
    }
    this.#link.update(changes);
    const groupsChanged = changes.some((change) =>
      'set' in change ? change.set === 'group' : change.unset === 'group',
    );
    if (this.#view.takePoolsChanged() || groupsChanged) this.#health.lookAgain();
    if (changes.some((change) => 'unset' in change || change.set !== 'revision')) {
      this.#keeper.changed();
    }
  }

  #serve(source: 'last-known-good' | 'store', table: DutyTable): void {
    const first = this.#source === 'nothing';
    this.#source = source;
    this.#patience?.cancel();
    const { duties, groups, pools, draining, revision } = table;
    const wanted = { duties, groups, pools, draining, revision, ...this.#health.gates };
    this.#link.update(diffTables(this.#link.table, wanted));
    this.#health.lookAgain();
    this.#ports.log.info('serving duties', { source, duties: this.#link.table.duties.size });
    // What was found out without the store could not be written.
    this.#tellConditions();
    if (!first) return;
    this.#link.start();
    this.#ports.onReady();
  }

  #watchEdge(epochMs: number): void {
    this.#edge?.cancel();
    const next = this.#board.nextEdgeEpochMs;
    if (next === undefined) return;
    this.#edge = this.#ports.clock.after(Math.max(0, next - epochMs), () => this.#refresh());
  }

  #statusChanged(ip: IpAddress): void {
    const isLeft = this.#view.metallb.leftovers(ip, this.#identity.node, false).length > 0;
    if (isLeft || this.#wireState.concerns(ip)) this.#statusWriter.ipChanged(ip);
  }

  #forgetWire(): void {
    this.#wireState.clear();
    this.#reports.startAnew();
  }

  async #writeState(): Promise<void> {
    await this.#ports.writeState({
      ...this.#identity,
      writtenEpochMs: this.#ports.clock.epochMs(),
      objects: this.#feed.keptObjects(),
      table: this.#board.table,
      bgp: this.#bgp?.memory,
    });
  }
}
