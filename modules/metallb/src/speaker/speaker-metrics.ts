import type { Counter, Gauge, Histogram } from 'prom-client';
import type { AnnouncedReport, Report } from '../duty/messages.ts';
import type { IpAddress } from '../net/ip.ts';
import type { EchoOutcome } from '../reachability/echo-slot.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { MirroredMetrics } from '../telemetry/mirrored-metrics.ts';
import { type BgpFigures, BgpMetrics } from './bgp-metrics.ts';
import type { Released } from './dataplane-gate.ts';
import { IpMetrics } from './ip-metrics.ts';

/** What the speaker counts of itself at the moment. */
export interface SpeakerFigures {
  readonly duties: number;
  readonly refusedIps: number;
  readonly statusQueueDepth: number;
  readonly storeConnected: boolean;
  readonly wireConnected: boolean;
  readonly lastSyncEpochMs: number | undefined;
  readonly stateWrittenEpochMs: number | undefined;
  readonly waitingIps: number;
  readonly dataplaneFailed: boolean;
  /** Whether too few reachability targets answer, by interface. */
  readonly unreachable: ReadonlyMap<string, boolean>;
  readonly announced: readonly OnSegment[];
  readonly announcedServices: readonly AnnouncedService[];
  /** Undefined in an edition without BGP. */
  readonly bgp: BgpFigures | undefined;
  /** IPs that another host answers for. */
  readonly conflicts: readonly OnSegment[];
}

/** Of the Services that share an IP, each. */
export interface AnnouncedService {
  /** `namespace/name` */
  readonly service: string;
  readonly protocol: 'layer2' | 'bgp';
  readonly node: string;
  readonly ip: IpAddress;
}

/** What a report is seen by. */
interface ReportSight {
  /** Of this speaker: the wire repeats what happened before, which an earlier speaker has counted. */
  readonly sinceEpochMs: number;
  /** Whether this node announces the IP on any interface. */
  readonly isAnnounced: (ip: IpAddress) => boolean;
}

type OnSegment = Pick<AnnouncedReport, 'ip' | 'interface'>;

const DELAY_SECONDS = [0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 60];

/** The speaker's metrics, and those that the wire reports under `metallb_wire_…`. */
export class SpeakerMetrics {
  readonly #figures: ReadonlyMap<string, Gauge>;
  readonly #announced: Gauge;
  readonly #announcedServices: Gauge;
  readonly #conflicts: Gauge;
  readonly #reachabilityFailed: Gauge;
  readonly #echoes: Counter;
  readonly #darkTime: Histogram;
  readonly #dataplaneWait: Histogram;
  readonly #wire: MirroredMetrics;
  readonly #ips: IpMetrics;
  readonly #bgp: BgpMetrics;

  constructor(metrics: Metrics) {
    const gauge = (name: string, help: string) => [name, metrics.gauge({ name, help })] as const;
    this.#figures = new Map([
      gauge('duties', 'IPs that this node is a candidate for'),
      gauge('refused_ips', 'IPs that nobody can announce because of their configuration'),
      gauge('status_queue_depth', 'Statuses that wait to be written'),
      gauge('store_connected', 'Whether the cluster state can be reached'),
      gauge('wire_connected', 'Whether the wire process is connected'),
      gauge('last_sync_timestamp_seconds', 'When the cluster state last changed a duty or a view'),
      gauge(
        'last_known_good_timestamp_seconds',
        'When what a start without the cluster state would go by was last written',
      ),
      gauge('dataplane_waiting_ips', 'New IPs that wait for kube-proxy'),
      gauge('dataplane_gate_failed', 'Whether kube-proxy has not synced since boot'),
    ]);
    this.#announced = metrics.gauge({
      name: 'announced',
      help: 'IPs that this node announces, always 1',
      labels: ['ip', 'interface'],
    });
    this.#announcedServices = metrics.gauge({
      name: 'speaker_announced',
      help: 'IPs of Services that this node announces, as MetalLB tells them, always 1',
      labels: ['service', 'protocol', 'node', 'ip'],
    });
    this.#conflicts = metrics.gauge({
      name: 'address_conflict',
      help: 'IPs of this node that a foreign host answers for, always 1',
      labels: ['ip', 'interface'],
    });
    this.#reachabilityFailed = metrics.gauge({
      name: 'reachability_failed',
      help: 'Whether too few targets of a class answer on an interface',
      labels: ['interface'],
    });
    this.#echoes = metrics.counter({
      name: 'reachability_echoes_total',
      help: 'ICMP echo requests to targets, and what became of them',
      labels: ['interface', 'outcome'],
    });
    this.#darkTime = metrics.histogram({
      name: 'takeover_dark_seconds',
      help: 'From the last sign of life of the announcer before to the first announcement here',
      buckets: DELAY_SECONDS,
    });
    this.#dataplaneWait = metrics.histogram({
      name: 'dataplane_wait_seconds',
      help: 'How long a new IP waited for kube-proxy, and whether that confirmed it',
      labels: ['outcome'],
      buckets: DELAY_SECONDS,
    });
    this.#ips = new IpMetrics(metrics);
    this.#bgp = new BgpMetrics(metrics);
    this.#wire = new MirroredMetrics(metrics, 'Reported by the wire process of this node');
  }

  show(figures: SpeakerFigures): void {
    const values: Readonly<Record<string, number>> = {
      duties: figures.duties,
      refused_ips: figures.refusedIps,
      status_queue_depth: figures.statusQueueDepth,
      store_connected: Number(figures.storeConnected),
      wire_connected: Number(figures.wireConnected),
      last_sync_timestamp_seconds: (figures.lastSyncEpochMs ?? 0) / 1_000,
      last_known_good_timestamp_seconds: (figures.stateWrittenEpochMs ?? 0) / 1_000,
      dataplane_waiting_ips: figures.waitingIps,
      dataplane_gate_failed: Number(figures.dataplaneFailed),
    };
    for (const [name, gauge] of this.#figures) gauge.set(values[name] ?? 0);
    this.#reachabilityFailed.reset();
    for (const [name, failed] of figures.unreachable) {
      this.#reachabilityFailed.set({ interface: name }, Number(failed));
    }
    if (figures.bgp !== undefined) this.#bgp.show(figures.bgp);
    const perIp = [this.#announced, this.#announcedServices, this.#conflicts];
    for (const gauge of perIp) gauge.reset();
    for (const announced of figures.announcedServices) {
      if (announced.protocol === 'layer2' && !figures.wireConnected) continue;
      this.#announcedServices.set({ ...announced }, 1);
    }
    // Nobody knows what a wire that is gone would say now.
    if (!figures.wireConnected) return this.#wire.update([]);
    const announced = new Set(figures.announced.map(({ ip }) => ip));
    this.#ips.keepOnly((ip) => announced.has(ip));
    showEach(this.#announced, figures.announced);
    showEach(this.#conflicts, figures.conflicts);
  }

  waited({ waitedMs, isConfirmed }: Released): void {
    const outcome = isConfirmed ? 'confirmed' : 'unconfirmed';
    this.#dataplaneWait.observe({ outcome }, waitedMs / 1_000);
  }

  echo(interfaceName: string, outcome: EchoOutcome): void {
    this.#echoes.inc({ interface: interfaceName, outcome });
  }

  take(report: Report, { sinceEpochMs, isAnnounced }: ReportSight): void {
    if (report.type === 'announced') {
      const isNew = report.sinceEpochMs >= sinceEpochMs;
      if (isNew && report.darkMs !== undefined) this.#darkTime.observe(report.darkMs / 1_000);
    } else if (report.type === 'ip-counts') {
      this.#ips.take(report.counts, isAnnounced);
    } else if (report.type === 'counters') {
      this.#wire.update(
        report.counters.map((counter) => ({ ...counter, name: `wire_${counter.name}` })),
      );
    }
  }
}

function showEach(gauge: Gauge, all: readonly OnSegment[]): void {
  for (const { ip, interface: name } of all) gauge.set({ ip, interface: name }, 1);
}
