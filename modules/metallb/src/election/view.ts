import type { IpAddress } from '../net/ip.ts';
import type { Gates, NodeState } from '../packet/heartbeat.ts';

/** One node as the electing node sees it on one segment. */
export interface NodeView {
  /** Serves, or will as soon as it is elected: heard (or known to be restarting), and not leaving. */
  readonly present: boolean;
  readonly state: NodeState;
  readonly failedGates: Gates;
}

/** Who is there, on one segment. */
export interface SegmentView {
  /** What is known of a node: of those who elect statically, only who was asked and stayed silent, or is this node. */
  node(name: string): NodeView | undefined;
  /** Whether the node may announce an IP that is for nodes of its subnet only. */
  isInSubnetOf(node: string, ip: IpAddress): boolean;
  /**
   * The node elects by the API alone (network rule 3): all do while nobody was ever heard, later those whose heartbeats
   * come with another key. Nothing that is not heard proves their absence.
   */
  electsStatically(name: string): boolean;
}
