import type { IpAddress } from '../net/ip.ts';

/**
 * How an IP is asked for before it is announced: `optimistic` while it is answered already, since nobody has ever
 * announced this IP version for this group (RFC 4429); `full` before the first answer, since it may be somebody else's
 * by now (RFC 5227 §2.1.1, network rule 25).
 */
export type Probing = 'none' | 'optimistic' | 'full';

/**
 * What a node's wire process must do for one IP: the static half of the election. The other half (who is heard) is
 * the wire's own. Sharers of an IP are one duty (network rule 10).
 */
export interface Duty {
  readonly ip: IpAddress;
  /** Key of the node group that elects. */
  readonly group: string;
  /** Interfaces the IP may be announced on; empty means every usable one. */
  readonly interfaces: readonly string[];
  /** Only on interfaces that have an address whose subnet the IP belongs to. */
  readonly bySubnet: boolean;
  readonly preferredNode: string | undefined;
  /**
   * externalTrafficPolicy Local: nodes with endpoints, 0 = ready, 1 = serving while terminating. A node that is not
   * named has none. Undefined for policy Cluster.
   */
  readonly localEndpoints: Readonly<Record<string, 0 | 1>> | undefined;
  /** Node that announced last, as the store says: it stays where nothing else decides. */
  readonly lastAnnouncer: string | undefined;
  readonly probing: Probing;
  /**
   * Cluster state in which this duty came or last changed: who has not seen that can't know it (network rule 5). 0 for
   * what is older than this node's view, and had been announced by then.
   */
  readonly since: number;
  /** A person wants it announced although a foreign host may have it: no probe, no veto (network rule 21). */
  readonly forced: boolean;
  readonly failback: 'allowed' | 'withheld';
  /** Announcer changes in the last 180 s before `lastMoveEpochMs` (network rule 23). */
  readonly recentMoves: number;
  readonly lastMoveEpochMs: number;
}

/** The nodes of a class, or those that advertisements select, as the API knows them. */
export interface Group {
  readonly id: string;
  /** Interfaces of this node on which the group's IPs may be announced; empty means every usable one. */
  readonly interfaces: readonly string[];
  readonly members: readonly Member[];
}

export interface Member {
  readonly node: string;
  /** Carries the exclude label and the class does not ignore it. */
  readonly excluded: boolean;
  /**
   * What the API says. `not-ready` only after 60 s, and only while at most half of the group is (network rule 11);
   * `unknown` when the API says nothing or can't be asked.
   */
  readonly ready: 'ready' | 'not-ready' | 'unknown';
  /** How much it is preferred among those that are equal otherwise; absent means 0. */
  readonly weight?: number;
}

/** Whether this node reaches what it should from an interface; `doubtful` between the two, and before anything is known. */
export const REACHES = ['reached', 'doubtful', 'lost'] as const;
export type Reach = (typeof REACHES)[number];

/** All that the wire needs to know beyond the wire itself. */
export interface DutyTable {
  readonly duties: ReadonlyMap<IpAddress, Duty>;
  readonly groups: ReadonlyMap<string, Group>;
  /** Address space of all pools as `first-last`: what the capture filter lets through. */
  readonly pools: readonly string[];
  /** This node is asked to give its IPs away (drain annotation). */
  readonly draining: boolean;
  /** This node's kube-proxy has not synced since boot: others come first (network rule 26). */
  readonly dataplaneFailed: boolean;
  /** By interface; of one that is not named nothing is asked. */
  readonly reachability: Readonly<Record<string, Reach>>;
  /** Version of the cluster state this table was computed from (network rule 6). */
  readonly revision: number;
}

/** How long an announcer change counts as recent (network rule 23). */
export const RECENT_MOVES_MS = 180_000;
