import type { Duty } from '../duty/duty.ts';
import type { AnnouncedReport } from '../duty/messages.ts';
import { isCounted, type Peer } from '../liveness/peer.ts';
import type { IpAddress } from '../net/ip.ts';
import { reasonFor, recentMoves, type Transition } from './ip-roles.ts';
import type { SegmentPorts } from './segment-options.ts';

interface Place {
  readonly node: string;
  readonly interface: string;
}

/** Tells who moved where, why, and how long it was dark; remembers what is announced now. */
export class MoveReports {
  readonly #place: Place;
  readonly #ports: Pick<SegmentPorts, 'report' | 'counters' | 'clock' | 'table'>;
  readonly #peer: (node: string) => Peer | undefined;
  readonly #announced = new Map<IpAddress, AnnouncedReport>();
  /** Last sign of life of nodes that died. */
  readonly #deaths = new Map<string, number>();

  constructor(
    place: Place,
    ports: Pick<SegmentPorts, 'report' | 'counters' | 'clock' | 'table'>,
    peer: (node: string) => Peer | undefined,
  ) {
    this.#place = place;
    this.#ports = ports;
    this.#peer = peer;
  }

  get all(): Iterable<AnnouncedReport> {
    return this.#announced.values();
  }

  has(ip: IpAddress): boolean {
    return this.#announced.has(ip);
  }

  died(node: string, silentSince: number): void {
    this.#deaths.set(node, silentSince);
  }

  announced(duty: Duty, { ip, from, isFirst }: Pick<Transition, 'ip' | 'from' | 'isFirst'>): void {
    const { node, interface: interfaceName } = this.#place;
    const byStatus = duty.lastAnnouncer === node ? undefined : duty.lastAnnouncer;
    const predecessor = from ?? byStatus;
    const darkMs = this.#darkMs(predecessor);
    const epochMs = this.#ports.clock.epochMs();
    const reason = this.#reason(duty, predecessor, darkMs !== undefined);
    const report: AnnouncedReport = {
      ...{ type: 'announced', ip, interface: interfaceName, from: predecessor, darkMs },
      sinceEpochMs: epochMs,
      reason,
      // The first node to have an IP moves nothing.
      recentMoves: reason === 'Assigned' ? 0 : recentMoves(duty, isFirst, epochMs),
      unchanged: predecessor === undefined && duty.lastAnnouncer === node,
    };
    this.#announced.set(ip, report);
    this.#ports.report(report);
    if (report.unchanged) return;
    const labels = { interface: interfaceName, reason: report.reason };
    this.#ports.counters.add('announcer_changes_total', labels);
    if (darkMs !== undefined) this.#ports.counters.add('dark_ms_total', labels, darkMs);
  }

  #darkMs(predecessor: string | undefined): number | undefined {
    if (predecessor === undefined) return undefined;
    const peer = this.#peer(predecessor);
    const silentSince = this.#deaths.get(predecessor);
    const isDead = peer !== undefined && !isCounted(peer);
    return isDead && silentSince !== undefined ? this.#ports.clock.now() - silentSince : undefined;
  }

  #reason(duty: Duty, predecessor: string | undefined, diedBefore: boolean) {
    const leavesBefore = predecessor !== undefined && this.#leaves(predecessor, duty);
    return reasonFor({ duty, self: this.#place.node, diedBefore, leavesBefore });
  }

  /** It says so itself, or the cluster wants its IPs on other nodes. */
  #leaves(node: string, duty: Duty): boolean {
    const state = this.#peer(node)?.state;
    const members = this.#ports.table().groups.get(duty.group)?.members ?? [];
    const member = members.find((each) => each.node === node);
    return state === 'leaving' || state === 'restarting' || member?.excluded !== false;
  }

  withdrawn(ip: IpAddress, reason: string): void {
    if (!this.#announced.delete(ip)) return;
    this.#ports.report({ type: 'withdrawn', ip, interface: this.#place.interface, reason });
  }
}
