import { BgpFramer } from '../packet/bgp-message.ts';
import type { FsmState } from './fsm.ts';
import type { Negotiated } from './negotiation.ts';
import type { NextHopOf } from './next-hop.ts';
import type { Direction } from './peering-action.ts';

/** One of the connections between two peers, and what is known of the other side by it. */
export interface Connection {
  readonly direction: Direction;
  fsm: FsmState;
  readonly framer: BgpFramer;
  nextHopOf: NextHopOf;
  /** Once there has been an OPEN. */
  negotiated: Negotiated | undefined;
}

/** A connection, or the attempt at one, of which nothing is known yet. */
export function newConnection(direction: Direction, fsm: FsmState): Connection {
  const nextHopOf = () => undefined;
  return { direction, fsm, framer: new BgpFramer(), nextHopOf, negotiated: undefined };
}
