import type { Announcer } from '../api/announcer.ts';
import type { ToldSession } from '../api/bgp-session-condition.ts';
import type { Child } from '../api/child.ts';
import type { WantedCondition } from '../api/conditions.ts';
import { CHILD_KIND } from '../api/names.ts';
import { type KubernetesObject, keyOf } from '../api/object.ts';
import type { Report } from '../duty/messages.ts';
import { type IpAddress, parseIp } from '../net/ip.ts';
import type { Kind, Store } from '../store/store.ts';
import { WorkQueue } from '../store/work-queue.ts';
import type { Clock } from '../time/clock.ts';
import type { ClusterView } from './cluster-view.ts';
import { ConfigurationStates } from './configuration-states.ts';
import { OwnWords } from './own-words.ts';
import { ServiceStatuses } from './service-statuses.ts';
import { statusPatch, type WantedStatus } from './status-patch.ts';
import type { StoreFeed } from './store-feed.ts';
import type { WireState } from './wire-state.ts';

/** What a status writer needs from outside. */
export interface StatusWriterPorts {
  readonly store: Store;
  readonly view: ClusterView;
  readonly objects: Pick<StoreFeed, 'object' | 'configuration'>;
  readonly wire: WireState;
  /** Where it is told who announces the IPs of Services of MetalLB's API. */
  readonly statusNamespace: string;
  /** All conditions of the Node that are this program's to write. */
  readonly nodeConditions: () => readonly WantedCondition[];
  /** Whether nobody can announce the IP, for longer than it takes to hear of all objects of a change. */
  readonly isRefused: (ip: IpAddress) => boolean;
  /** With routers. */
  readonly sessions: () => readonly ToldSession[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly onFailure: (key: string, error: unknown, retryMs: number | undefined) => void;
}

const NODE_KEY = 'node';
const CONFIGURATION_KEY = 'configuration';
/** Writes under way at once: a store that takes 10 ms for each still has 2,000 statuses in about a second. */
const LANES = 16;

/**
 * Brings statuses level with what the wire reported: the announcer and conflicts of each IP, the conditions of this
 * Node. Each write is about an IP or the Node as it is by then, so a flood of reports costs one entry per IP and nothing
 * waits for the store.
 */
export class StatusWriter {
  readonly #nodeName: string;
  readonly #ports: StatusWriterPorts;
  /** A key has its lane, so that no two writes about it are under way. */
  readonly #lanes: readonly WorkQueue[];
  readonly #words: OwnWords;
  readonly #serviceStatuses: ServiceStatuses;
  readonly #configurationStates: ConfigurationStates;

  constructor(nodeName: string, ports: StatusWriterPorts) {
    this.#nodeName = nodeName;
    this.#ports = ports;
    const { clock, random, onFailure } = ports;
    this.#words = new OwnWords(nodeName, ports.wire, clock);
    this.#serviceStatuses = new ServiceStatuses(nodeName, ports);
    this.#configurationStates = new ConfigurationStates(nodeName, ports);
    const work = (key: string) => this.#writeOne(key);
    this.#lanes = Array.from(
      { length: LANES },
      () => new WorkQueue({ clock, random, onFailure, work }),
    );
  }

  /** Keys that still want work; for metrics. */
  get depth(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.depth, 0);
  }

  /** Something that this node may have to say about the IP has changed, at the wire or in the store. */
  ipChanged(ip: IpAddress): void {
    this.#add(ip);
  }

  nodeChanged(): void {
    this.#add(NODE_KEY);
  }

  /** After the wire's state took it in. */
  reported(report: Report): void {
    if (report.type === 'condition') this.nodeChanged();
    else if (report.type === 'segments') this.#peersChanged();
    else if ('ip' in report) this.ipChanged(report.ip);
  }

  #peersChanged(): void {
    this.#words.peersChanged();
    for (const { ip } of this.#ports.wire.announced) this.ipChanged(ip);
  }

  async idle(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.idle()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.stop()));
  }

  #add(key: string): void {
    let sum = 0;
    for (const character of key) sum += character.charCodeAt(0);
    this.#lanes[sum % LANES]?.add(key);
  }

  configurationChanged(): void {
    this.#add(CONFIGURATION_KEY);
  }

  #writeOne(key: string): Promise<void> {
    if (key === NODE_KEY) return this.#writeNode();
    if (key !== CONFIGURATION_KEY) return this.#writeIp(key);
    const sessions = this.#ports.sessions();
    return this.#configurationStates.write({ ...this.#ports.objects.configuration, sessions });
  }

  async #writeNode(): Promise<void> {
    const node = this.#ports.objects.object('Node', this.#nodeName);
    const conditions = this.#ports.nodeConditions();
    if (node !== undefined) await this.#write('Node', node, { announcer: undefined, conditions });
  }

  async #writeIp(key: string): Promise<void> {
    const ip = parseIp(key);
    if (ip === undefined) return;
    const { view } = this.#ports;
    const forced = view.holdingsOf(ip).some(({ forceAddress }) => forceAddress);
    const wantedBy = (existing: Announcer | undefined): WantedStatus => ({
      announcer: this.#words.announcer(ip, existing),
      conditions: this.#words.conflict(ip, forced, existing),
    });
    for (const child of view.childrenWithIp(ip)) await this.#writeChild(child, wantedBy);
    for (const service of view.servicesWithIp(ip)) {
      const wanted = wantedBy(view.metallb.announcerOf(service, ip));
      await this.#serviceStatuses.write(service, ip, wanted);
    }
    await this.#serviceStatuses.takeBack(ip);
  }

  async #writeChild(
    { status, metadata }: Child,
    wantedBy: (existing: Announcer | undefined) => WantedStatus,
  ): Promise<void> {
    const object = this.#ports.objects.object(CHILD_KIND, keyOf(metadata));
    if (object !== undefined) await this.#write(CHILD_KIND, object, wantedBy(status.announcer));
  }

  /** To be called every now and then. */
  lookAgain(): void {
    for (const ip of this.#words.doubtful) this.ipChanged(ip);
    this.configurationChanged();
  }

  async #write(kind: Kind, object: KubernetesObject, wanted: WantedStatus): Promise<void> {
    const patch = statusPatch(object, wanted, this.#ports.clock.epochMs());
    if (patch.length === 0) return;
    const { namespace, name } = object.metadata;
    await this.#ports.store.write({
      do: 'patch',
      ref: { kind, namespace, name },
      subresource: 'status',
      patch,
    });
  }
}
