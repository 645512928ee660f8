import type { AnnounceReason } from '../api/announcer.ts';
import type { SegmentCondition } from '../api/conditions.ts';
import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import type { Duty, Group, Reach } from './duty.ts';

/** Raised with every incompatible change of the messages below; checked on both ends. */
export const DUTY_PROTOCOL_VERSION = 6;

/** Speaker to wire: one JSON object a line. At most `MAX_CHANGES` changes in one, so that no message blocks the wire. */
export type ToWire =
  | { readonly kind: 'hello'; readonly protocol: number }
  /** What follows up to `table-complete` is the whole table; the old one stays in force until then. */
  | { readonly kind: 'table-start'; readonly number: number }
  | {
      readonly kind: 'difference';
      readonly number: number;
      readonly changes: readonly DutyChange[];
    }
  | { readonly kind: 'table-complete'; readonly number: number };

export type DutyChange =
  | { readonly set: 'duty'; readonly duty: Duty }
  | { readonly set: 'group'; readonly group: Group }
  | { readonly set: 'pools'; readonly pools: readonly string[] }
  | { readonly set: 'draining'; readonly draining: boolean }
  | { readonly set: 'dataplane'; readonly failed: boolean }
  | { readonly set: 'reachability'; readonly interfaces: Readonly<Record<string, Reach>> }
  | { readonly set: 'revision'; readonly revision: number }
  | { readonly unset: 'duty'; readonly ip: IpAddress }
  | { readonly unset: 'group'; readonly id: string };

export const MAX_CHANGES = 200;

/** Wire to speaker. */
export type ToSpeaker =
  | { readonly kind: 'hello'; readonly protocol: number; readonly incarnation: string }
  /** A number was skipped or a table is needed: send the whole table. */
  | { readonly kind: 'resync' }
  /** Peers hold newer duties for disputed IPs: list the store again. */
  | { readonly kind: 'relist' }
  | { readonly kind: 'report'; readonly report: Report };

/** What the wire tells about itself; the speaker turns it into status, Events and metrics. */
export type Report =
  | AnnouncedReport
  | {
      readonly type: 'withdrawn';
      readonly ip: IpAddress;
      readonly interface: string;
      readonly reason: string;
    }
  | {
      readonly type: 'conflict';
      readonly ip: IpAddress;
      readonly interface: string;
      readonly mac: MacAddress;
      /** The IP was fresh and has been given up until the foreign host is silent. */
      readonly vetoed: boolean;
    }
  | { readonly type: 'conflict-over'; readonly ip: IpAddress; readonly interface: string }
  | NodeConditionReport
  | { readonly type: 'counters'; readonly counters: readonly Counter[] }
  /** Of the IPs where there is something new. */
  | { readonly type: 'ip-counts'; readonly counts: readonly IpCount[] }
  /** All that the wire serves: what is not named any more has been closed. */
  | { readonly type: 'segments'; readonly segments: readonly SegmentReport[] };

export interface AnnouncedReport {
  readonly type: 'announced';
  readonly ip: IpAddress;
  readonly interface: string;
  readonly sinceEpochMs: number;
  /** That two nodes claimed it shows only in what both wrote. */
  readonly reason: Exclude<AnnounceReason, 'Dispute'>;
  /** The node that announced before, as far as it is known. */
  readonly from: string | undefined;
  /** From the last sign of life of the node before to our first announcement; for takeovers only. */
  readonly darkMs: number | undefined;
  readonly recentMoves: number;
  /** The cluster state names this node already: nothing has moved. */
  readonly unchanged: boolean;
}

export interface NodeConditionReport {
  readonly type: 'condition';
  readonly condition: SegmentCondition;
  /** Several, with commas between them, where any one of them would do. */
  readonly interface: string;
  readonly active: boolean;
  readonly message: string;
}

/** A cumulative counter or a gauge, Prometheus-shaped. */
export interface Counter {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What was said of an IP since it was last counted, on all interfaces. */
export interface IpCount {
  readonly ip: IpAddress;
  /** Questions answered. */
  readonly answered: number;
  /** Frames sent unasked. */
  readonly announced: number;
}

/** Who is heard on one interface. */
export interface SegmentReport {
  readonly interface: string;
  /** This node's own. */
  readonly state: string;
  readonly peers: readonly PeerReport[];
}

export interface PeerReport {
  readonly node: string;
  readonly state: string;
  readonly lastHeardMsAgo: number;
}
