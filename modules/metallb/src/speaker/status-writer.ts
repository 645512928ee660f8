import type { Announcer } from '../api/announcer.ts';
import type { WantedCondition } from '../api/conditions.ts';
import { CHILD_KIND, CONDITION } from '../api/names.ts';
import { type KubernetesObject, keyOf } from '../api/object.ts';
import type { AnnouncedReport, Report } from '../duty/messages.ts';
import { type IpAddress, parseIp } from '../net/ip.ts';
import type { Kind, Store } from '../store/store.ts';
import { WorkQueue } from '../store/work-queue.ts';
import { type Clock, formatMilliseconds, parseTimestamp } from '../time/clock.ts';
import type { ClusterView } from './cluster-view.ts';
import { statusPatch, type WantedStatus } from './status-patch.ts';
import type { StoreFeed } from './store-feed.ts';
import type { WireState } from './wire-state.ts';

/** What a status writer needs from outside. */
export interface StatusWriterPorts {
  readonly store: Store;
  readonly view: ClusterView;
  readonly objects: Pick<StoreFeed, 'object'>;
  readonly wire: WireState;
  /** All conditions of the Node that are this program's to write. */
  readonly nodeConditions: () => readonly WantedCondition[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly onFailure: (key: string, error: unknown, retryMs: number | undefined) => void;
}

const NODE_KEY = 'node';
/** Longer than any handover. */
const SETTLED_MS = 2_000;
/** Writes under way at once: a store that takes 10 ms for each still has 2,000 statuses in about a second. */
const LANES = 16;

/**
 * Brings statuses level with what the wire reported: the announcer and conflicts of children, the conditions of this
 * Node. Each write is about an IP or the Node as it is by then, so a flood of reports costs one entry per IP and nothing
 * waits for the store.
 */
export class StatusWriter {
  readonly #nodeName: string;
  readonly #ports: StatusWriterPorts;
  /** A key has its lane, so that no two writes about it are under way. */
  readonly #lanes: readonly WorkQueue[];
  /** IPs that this node announces while the status names another one, which said so later. */
  readonly #doubtful = new Map<IpAddress, { readonly since: string; readonly at: number }>();
  /**
   * `sinceEpochMs` of announcements that were insisted upon: once each while the same nodes are heard, so that two halves
   * of a network don't fight.
   */
  readonly #insisted = new Map<IpAddress, number>();
  #peersChangedAt = Number.NEGATIVE_INFINITY;

  constructor(nodeName: string, ports: StatusWriterPorts) {
    this.#nodeName = nodeName;
    this.#ports = ports;
    const { clock, random, onFailure } = ports;
    const work = (key: string) => (key === NODE_KEY ? this.#writeNode() : this.#writeChildren(key));
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

  /** Whoever claimed our IPs in another half of the network may have given up without having to say so. */
  #peersChanged(): void {
    this.#peersChangedAt = this.#ports.clock.now();
    this.#insisted.clear();
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

  async #writeNode(): Promise<void> {
    const node = this.#ports.objects.object('Node', this.#nodeName);
    const conditions = this.#ports.nodeConditions();
    if (node !== undefined) await this.#write('Node', node, { announcer: undefined, conditions });
  }

  async #writeChildren(key: string): Promise<void> {
    const ip = parseIp(key);
    if (ip === undefined) return;
    const sharers = this.#ports.view.childrenWithIp(ip);
    const forced = sharers.some(({ forceAddress }) => forceAddress);
    const conflict = this.#ports.wire.conflictOf(ip, this.#nodeName, forced);
    for (const { status, metadata } of sharers) {
      const object = this.#ports.objects.object(CHILD_KIND, keyOf(metadata));
      if (object === undefined) continue;
      await this.#write(CHILD_KIND, object, {
        announcer: this.#announcerToWrite(ip, status.announcer),
        conditions: this.#conflictToWrite(ip, conflict, status.announcer),
      });
    }
  }

  /** Undefined where the status is right: nothing has moved, or another node announced later. */
  #announcerToWrite(ip: IpAddress, existing: Announcer | undefined): Announcer | undefined {
    const announced = this.#ports.wire.announcementOf(ip);
    if (announced === undefined) {
      this.#doubtful.delete(ip);
      this.#insisted.delete(ip);
      return undefined;
    }
    const { sinceEpochMs, reason, recentMoves, unchanged } = announced;
    const isOurs = existing?.node === this.#nodeName;
    const existingEpochMs = parseTimestamp(existing?.since ?? '') ?? 0;
    // Ours and later: it was insisted upon, and an earlier one would lose to the node that it corrects.
    if (isOurs && (unchanged || existingEpochMs > sinceEpochMs)) return undefined;
    if (existing === undefined || isOurs || existingEpochMs <= sinceEpochMs) {
      this.#doubtful.delete(ip);
      return { node: this.#nodeName, since: formatMilliseconds(sinceEpochMs), reason, recentMoves };
    }
    return this.#insist(ip, announced, existing);
  }

  /**
   * Another node announced later than this one. If this one still announces when that has settled, the other has given
   * up again, which its own status does not tell.
   */
  #insist(ip: IpAddress, announced: AnnouncedReport, theirs: Announcer): Announcer | undefined {
    const { sinceEpochMs } = announced;
    const theirsEpochMs = parseTimestamp(theirs.since) ?? 0;
    if (this.#insisted.get(ip) === sinceEpochMs) return undefined;
    if (!this.#isSettled(ip, theirs)) return undefined;
    this.#doubtful.delete(ip);
    this.#insisted.set(ip, sinceEpochMs);
    // Taken from that very node, the IP has moved, and that node's clock is ahead.
    const reason = announced.from === theirs.node ? announced.reason : 'Dispute';
    return {
      node: this.#nodeName,
      since: formatMilliseconds(theirsEpochMs + 1),
      reason,
      // What the status said was wrong; nothing has moved since.
      recentMoves: Math.max(theirs.recentMoves, announced.recentMoves),
    };
  }

  /** By this node's own clock: of two nodes' wall clocks, one may be an hour ahead. */
  #isSettled(ip: IpAddress, { since }: Announcer): boolean {
    const now = this.#ports.clock.now();
    const known = this.#doubtful.get(ip);
    const doubt = known?.since === since ? known : { since, at: now };
    this.#doubtful.set(ip, doubt);
    return now - Math.max(doubt.at, this.#peersChangedAt) >= SETTLED_MS;
  }

  /** To be called every now and then. */
  lookAgain(): void {
    for (const ip of this.#doubtful.keys()) this.ipChanged(ip);
  }

  /** A conflict is this node's to end when it saw it or announces the IP. */
  #conflictToWrite(
    ip: IpAddress,
    conflict: WantedCondition | undefined,
    existing: Announcer | undefined,
  ): WantedCondition[] {
    if (conflict !== undefined) return [conflict];
    if (existing?.node !== this.#nodeName) return [];
    return [
      {
        type: CONDITION.addressConflict,
        status: 'False',
        reason: 'NoForeignAnswer',
        message: `no other host answers for ${ip}`,
      },
    ];
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
