import type { AdmissionView } from '../admission/view.ts';
import { formatProblem } from '../api/problem.ts';
import type { ClassUsage } from './address-book.ts';
import { isAccepted } from './class-status.ts';
import { type ClusterListener, ClusterState } from './cluster-state.ts';
import { fencedStore } from './fenced-store.ts';
import { narratedStore } from './narrated-store.ts';
import { NO_CONFIG_MAP, type OldConfigMap } from './old-config-map.ts';
import type { MetallbPoolUsage } from './service-addresses.ts';
import { Term, type TermOptions, type TermPorts } from './term.ts';

/** What is counted of a class. */
export interface ClassFigures extends ClassUsage {
  /** As it is written now, it is in force. */
  readonly isAccepted: boolean;
}

const DEFAULTS: TermOptions = {
  coolDownMs: 60_000,
  hookRunner: 'controller',
  lbClass: undefined,
  metallbNamespaces: ['metallb-system'],
  metallbPoolPolicy: 'Keep',
  edition: 'CE',
};

export type ControllerPorts = Omit<TermPorts, 'cluster' | 'configMap'>;

/**
 * The control side. It watches the cluster from `standBy` on, so that it knows it when its turn comes, and works on it
 * while it leads.
 */
export class Controller {
  readonly #ports: ControllerPorts;
  readonly #options: TermOptions;
  readonly #cluster: ClusterState;
  #wantsToLead = false;
  #hasSynced = false;
  #term: Term | undefined;
  /** Told when the term of the moment may write no more. */
  #fence = new AbortController();
  /** The terms before: none of their writes may still be under way when what there is is listed anew. */
  #ending: Promise<void> = Promise.resolve();
  #isWatching = false;
  #configMap: OldConfigMap = NO_CONFIG_MAP;

  constructor(ports: ControllerPorts, options: Partial<TermOptions> = {}) {
    const { store, log } = ports;
    this.#ports = ports;
    this.#options = { ...DEFAULTS, ...options };
    const listener: ClusterListener = {
      onClasses: (names) => this.#inTerm((term) => term.onClasses(names)),
      onNodes: (names) => this.#inTerm((term) => term.onNodes(names)),
      onServices: (keys) => this.#inTerm((term) => term.onServices(keys)),
      onChildren: (keys, serviceKeys) => this.#inTerm((term) => term.onChildren(keys, serviceKeys)),
      onPools: () => this.#inTerm((term) => term.onPools()),
      onAdvertisements: () => this.#inTerm((term) => term.onAdvertisements()),
      onNamespaces: (names) => this.#inTerm((term) => term.onNamespaces(names)),
      onConfigurationStates: (keys) => this.#inTerm((term) => term.onConfigurationStates(keys)),
      onProblem: (problems) => {
        log.warn('object refused', { problems: problems.map(formatProblem) });
      },
    };
    this.#cluster = new ClusterState(store, listener, this.#options.metallbNamespaces);
  }

  /** The whole cluster has been seen: this controller leads or could take over. */
  get ready(): boolean {
    return this.#hasSynced;
  }

  /** What is known of the cluster; undefined until the whole of it has been seen. */
  get view(): AdmissionView | undefined {
    return this.#hasSynced ? this.#cluster : undefined;
  }

  /** In a term: what the cluster has assigned is known, and Services are worked on as far as the store lets it. */
  get leading(): boolean {
    return this.#term !== undefined;
  }

  /** Keys that still want work. */
  get queueDepth(): number {
    return this.#term?.queueDepth ?? 0;
  }

  /** By class; empty while another controller counts. */
  usage(): ReadonlyMap<string, ClassFigures> {
    const term = this.#term;
    if (term === undefined) return new Map();
    const { classes } = this.#cluster;
    const figures = (name: string) => ({
      ...term.usage(name),
      isAccepted: isAccepted(classes.object(name)),
    });
    return new Map([...classes.keys()].map((name) => [name, figures(name)]));
  }

  /** By the name of the pool of MetalLB's API; empty while another controller counts. */
  metallbUsage(): ReadonlyMap<string, MetallbPoolUsage> {
    const term = this.#term;
    if (term === undefined) return new Map();
    const pools = [...this.#cluster.metallb.pools.all.values()];
    return new Map(pools.map((pool) => [pool.name, term.metallbUsage(pool)]));
  }

  /** How many objects of a kind have no effect in this edition; empty while another controller counts. */
  refusedByEdition(): ReadonlyMap<string, number> {
    return this.#term?.refusedByEdition() ?? new Map();
  }

  /** What is told to people of the ConfigMap of an older MetalLB. */
  configMapRead(read: OldConfigMap): void {
    this.#configMap = read;
    this.#term?.onConfigMap();
  }

  /** Watches, and writes nothing from now on. */
  standBy(): void {
    this.#wantsToLead = false;
    this.#fence.abort();
    this.#endTerm();
    if (!this.#isWatching) this.#cluster.start();
    this.#isWatching = true;
  }

  /**
   * Begins to work as soon as the cluster has been listed after this call: whoever led before may have given IPs a
   * moment ago of which a watch has not told yet. Idempotent.
   */
  lead(): void {
    if (this.#wantsToLead) return;
    this.#wantsToLead = true;
    // Failures of work are told where they happen: this never rejects.
    void this.#ending.then(() => {
      if (!this.#wantsToLead) return;
      if (this.#isWatching) this.#cluster.restart();
      else this.#cluster.start();
      this.#isWatching = true;
    });
  }

  /** What is being written is written to its end. */
  async stop(): Promise<void> {
    this.#wantsToLead = false;
    this.#cluster.stop();
    this.#endTerm();
    await this.#ending;
  }

  /** Resolves once nothing is waiting or in flight. */
  async idle(): Promise<void> {
    await this.#term?.idle();
  }

  #endTerm(): void {
    const term = this.#term;
    this.#term = undefined;
    if (term !== undefined) this.#ending = Promise.all([this.#ending, term.stop()]).then(() => {});
  }

  /** Nothing is done before everything has been heard; then first what there is is taken over. */
  #inTerm(act: (term: Term) => void): void {
    this.#hasSynced ||= this.#cluster.synced;
    if (this.#term !== undefined) act(this.#term);
    else if (this.#wantsToLead && this.#cluster.synced) this.#beginTerm();
  }

  #beginTerm(): void {
    // Its own fence: a pass that was interrupted must not go on under a later term.
    const fence = new AbortController();
    this.#fence = fence;
    const cluster = this.#cluster;
    const store = narratedStore(
      fencedStore(this.#ports.store, () => !fence.signal.aborted),
      { known: (ref) => cluster.object(ref), tell: this.#ports.tell },
    );
    this.#term = new Term(
      { ...this.#ports, store, cluster, configMap: () => this.#configMap },
      this.#options,
    );
    this.#term.begin();
    this.#ports.log.info('cluster listed, working', { queueDepth: this.queueDepth });
  }
}
