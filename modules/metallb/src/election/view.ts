import type { Gates, NodeState } from '../packet/heartbeat.ts';

/** One node as the electing node sees it on one segment. */
export interface NodeView {
  /** Serves, or will as soon as it is elected: heard (or known to be restarting), and not leaving. */
  readonly present: boolean;
  readonly state: NodeState;
  readonly failedGates: Gates;
}

/**
 * Who is there, on one segment. `static`: nobody has ever been heard, so absence proves nothing (network rule 3) and
 * everybody that the API does not call dead counts as present, except nodes that were asked and stayed silent.
 */
export interface SegmentView {
  readonly mode: 'heard' | 'static';
  node(name: string): NodeView | undefined;
}
