import type { DutyTable } from '../duty/duty.ts';
import type { Report } from '../duty/messages.ts';
import type { SegmentView } from '../election/view.ts';
import { isCounted, type Peer } from '../liveness/peer.ts';
import { type LivenessAction, SegmentLiveness } from '../liveness/segment-liveness.ts';
import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import { decodeEthernet, type EthernetFrame } from '../packet/ethernet.ts';
import { decodeHeartbeat, encodeHeartbeat, type HeartbeatKey, shortId } from '../packet/heartbeat.ts';
import { MalformedPacketError } from '../packet/malformed.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { Announcements } from './announcements.ts';
import type { Counters } from './counters.ts';
import { Disputes, settle } from './disputes.ts';
import { linkLocalFromMac, unwrapHeartbeat, wrapHeartbeat } from './heartbeat-frame.ts';
import { IpRoles, reasonFor, recentMoves, type Transition } from './ip-roles.ts';
import { Questions } from './questions.ts';
import { Responder } from './responder.ts';

/** The interface as the kernel shows it. */
export interface SegmentLink {
  readonly name: string;
  readonly mac: MacAddress;
  readonly addresses: readonly IpAddress[];
  readonly linkLocal: IpAddress | undefined;
}

export interface SegmentOptions {
  readonly node: string;
  /** Cluster id as configured. */
  readonly cluster: string;
  readonly keys: readonly HeartbeatKey[];
  readonly heartbeatGroup: IpAddress;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatMultiplier: number;
  readonly holdDownMs: number;
  readonly holdDownMaxMs: number;
  readonly restartGraceMs: number;
  readonly announcePerSecond: number;
  readonly backgroundPerSecond: number;
}

export interface SegmentPorts {
  readonly clock: Clock;
  readonly counters: Counters;
  /** Uniform in [0, 1). */
  random(): number;
  randomBytes(length: number): Uint8Array;
  send(frame: Uint8Array): void;
  report(report: Report): void;
  /** Peers have seen newer cluster state than we. */
  relist(): void;
  table(): DutyTable;
  digestOf(ip: IpAddress): string;
  /** Runs once the frames that were queued before have been read: two event-loop turns (lab.md §5). */
  afterQueuedFrames(run: () => void): void;
}

/**
 * One interface's whole part in the service: who is alive here, who announces what, and the frames that say so.
 * Everything it decides is decided in the pure folders; this class carries the words between them.
 */
export class Segment {
  readonly link: SegmentLink;
  readonly #ports: SegmentPorts;
  readonly #options: SegmentOptions;
  readonly #liveness: SegmentLiveness;
  readonly #roles: IpRoles;
  readonly #announcements: Announcements;
  readonly #questions: Questions;
  readonly #responder: Responder;
  readonly #disputes = new Disputes();
  readonly #cluster: string;
  readonly #detectionMs: number;
  /** No election before: a restarted wire keeps what it had until it has heard who is there. */
  readonly #electionsFrom: number;
  #lastDeath: { node: string; silentSince: number } | undefined;
  #lastTurnAt: number;
  #timer: Timer | undefined;
  #judging = false;
  #stopped = false;

  /** @param resumed what the wire process before announced here, when it was gone for less than a detection time */
  constructor(
    link: SegmentLink,
    ports: SegmentPorts,
    options: SegmentOptions,
    resumed: readonly IpAddress[] | undefined,
  ) {
    const now = ports.clock.now();
    Object.assign(this, {});
    this.link = link;
    this.#ports = ports;
    this.#options = options;
    this.#cluster = shortId(options.cluster);
    this.#detectionMs = options.heartbeatIntervalMs * options.heartbeatMultiplier;
    this.#electionsFrom = now + this.#detectionMs;
    this.#lastTurnAt = now;
    this.#liveness = this.#newLiveness(now, resumed !== undefined);
    this.#roles = new IpRoles(options.node, link.name, resumed ?? []);
    this.#announcements = new Announcements(link, ports, options);
    this.#questions = new Questions(link, ports, options);
    this.#responder = new Responder(link, ports, options, {
      role: (ip) => this.#roles.get(ip),
      isFirm: (ip) => this.#liveness.state !== 'leaving' && !this.#announcements.isOptimistic(ip),
      macOf: (node) => this.#liveness.peer(node)?.mac,
    });
    for (const ip of resumed ?? []) this.#announcements.begin(ip, { fresh: false, takeover: false }, now);
    this.#wake();
  }

  #newLiveness(now: number, resume: boolean): SegmentLiveness {
    const { node, keys, holdDownMs, holdDownMaxMs, restartGraceMs } = this.#options;
    return new SegmentLiveness(
      {
        ...{ node, holdDownMs, holdDownMaxMs, restartGraceMs, resume },
        interface: this.link.name,
        cluster: this.#cluster,
        intervalMs: this.#options.heartbeatIntervalMs,
        multiplier: this.#options.heartbeatMultiplier,
        heldKeys: keys.map(({ id }) => id),
        newIncarnation: () => Buffer.from(this.#ports.randomBytes(8)).toString('hex'),
        random: () => this.#ports.random(),
      },
      now,
    );
  }
}
