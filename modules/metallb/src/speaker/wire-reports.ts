import type { Report } from '../duty/messages.ts';
import type { IpAddress } from '../net/ip.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { ClusterView } from './cluster-view.ts';
import { eventsOfReport } from './report-events.ts';
import { logReport } from './report-log.ts';
import type { SpeakerMetrics } from './speaker-metrics.ts';
import type { SpeakerPorts } from './speaker-ports.ts';
import type { StatusWriter } from './status-writer.ts';
import type { StoreFeed } from './store-feed.ts';
import type { WireState } from './wire-state.ts';

export interface WireReportsPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<SpeakerMetrics, 'take'>;
  readonly events: Pick<SpeakerPorts['events'], 'record'>;
  readonly view: ClusterView;
  readonly objects: Pick<StoreFeed, 'object'>;
  /** Takes in what is reported. */
  readonly wire: WireState;
  readonly statuses: Pick<StatusWriter, 'reported' | 'lookAgain' | 'nodeChanged'>;
  /** Other segments are served than before. */
  readonly onSegments: () => void;
}

/** What the wire reports, for people: statuses, metrics, log lines and Events. */
export class WireReports {
  readonly #node: string;
  readonly #ports: WireReportsPorts;
  readonly #sinceEpochMs: number;
  #areConditionsTold = false;

  constructor(node: string, ports: WireReportsPorts) {
    this.#node = node;
    this.#ports = ports;
    this.#sinceEpochMs = ports.clock.epochMs();
  }

  /** The wire tells all conditions that hold before its first counters: the others are over. */
  get areConditionsTold(): boolean {
    return this.#areConditionsTold;
  }

  /** Of a new wire process. */
  startAnew(): void {
    this.#areConditionsTold = false;
  }

  take(report: Report): void {
    const { wire, statuses, metrics, log, onSegments } = this.#ports;
    if (!wire.take(report)) return;
    statuses.reported(report);
    if (report.type === 'segments') onSegments();
    const isAnnounced = (ip: IpAddress) => wire.announces(ip);
    metrics.take(report, { sinceEpochMs: this.#sinceEpochMs, isAnnounced });
    logReport(log, report);
    this.#tell(report);
    if (report.type === 'counters') statuses.lookAgain();
    if (report.type === 'counters' && !this.#areConditionsTold) {
      this.#areConditionsTold = true;
      statuses.nodeChanged();
    }
  }

  #tell(report: Report): void {
    const { view, wire, objects, events } = this.#ports;
    const node = this.#node;
    const occurrences = eventsOfReport(report, {
      node,
      sinceEpochMs: this.#sinceEpochMs,
      nodeObject: objects.object('Node', node),
      childrenWithIp: (ip) => view.childrenWithIp(ip),
      servicesWithIp: (ip) => view.servicesWithIp(ip),
      conflictOf: (ip) => {
        const forced = view.holdingsOf(ip).some(({ forceAddress }) => forceAddress);
        return wire.conflictOf(ip, node, forced);
      },
    });
    for (const each of occurrences) events.record(each);
  }
}
