import type { DutyTable } from '../duty/duty.ts';
import type { Report } from '../duty/messages.ts';
import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import type { Gates, HeartbeatKeys } from '../packet/heartbeat.ts';
import type { Clock } from '../time/clock.ts';
import type { Counters } from './counters.ts';
import type { ReturnsPorts } from './returns.ts';

/** The interface as the kernel shows it. */
export interface SegmentLink {
  readonly name: string;
  readonly mac: MacAddress;
  readonly addresses: readonly IpAddress[];
  readonly linkLocal: IpAddress | undefined;
  /** See `Link`. */
  readonly subnets: readonly string[];
}

export interface SegmentOptions {
  readonly node: string;
  /** Cluster id as configured. */
  readonly cluster: string;
  readonly keys: HeartbeatKeys;
  readonly heartbeatGroup: IpAddress;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatMultiplier: number;
  readonly holdDownMs: number;
  readonly holdDownMaxMs: number;
  readonly restartGraceMs: number;
  /** How much later than here a new IP may be released to another node, which waits for its kube-proxy. */
  readonly dutyWaitMs: number;
  readonly announcePerSecond: number;
  readonly backgroundPerSecond: number;
  /** Used only by classes that name them. */
  readonly excludeInterfaces: readonly RegExp[];
}

/** What the wire process before did here, when it was gone for less than a detection time. */
export interface Resumed {
  readonly announced: readonly IpAddress[];
  readonly failedGates: Gates;
}

/** What a segment needs of the world. */
export interface SegmentPorts extends ReturnsPorts {
  readonly clock: Clock;
  readonly counters: Counters;
  /** Uniform in [0, 1). */
  random(): number;
  randomBytes(length: number): Uint8Array;
  send(frame: Uint8Array): void;
  /** Multicast membership of the solicited-node group, for what is answered here. */
  join(ip: IpAddress): void;
  leave(ip: IpAddress): void;
  report(report: Report): void;
  /** Peers have seen newer cluster state than we. */
  relist(): void;
  table(): DutyTable;
  /** False from the start of the process until the speaker has told the whole table. */
  knowsDuties(): boolean;
  digestOf(ip: IpAddress): string;
  /** Runs once the frames that were queued before have been read: two event-loop turns. */
  afterQueuedFrames(run: () => void): void;
  log(message: string, facts: object): void;
  /** Whoever keeps for a restart what is announced wants to know. */
  keepAnnounced(ip: IpAddress, announced: boolean): void;
  keepGates(failed: Gates): void;
}
