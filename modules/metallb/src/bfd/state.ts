import { BFD_DIAGNOSTIC, type BfdState } from '../packet/bfd.ts';

/** A change of a session's state, with the diagnostic that is told as its reason. */
export interface Transition {
  readonly state: BfdState;
  readonly diagnostic: number;
}

const INIT: Transition = { state: 'Init', diagnostic: BFD_DIAGNOSTIC.none };
const UP: Transition = { state: 'Up', diagnostic: BFD_DIAGNOSTIC.none };
const DOWN: Transition = { state: 'Down', diagnostic: BFD_DIAGNOSTIC.neighborSignaledDown };

/** RFC 5880 §6.2 as §6.8.6 spells it out: rows are our state, columns the peer's; nothing where ours stays. */
const TABLE: Readonly<Record<BfdState, Partial<Record<BfdState, Transition>>>> = {
  AdminDown: {},
  Down: { Down: INIT, Init: UP },
  Init: { AdminDown: DOWN, Init: UP, Up: UP },
  Up: { AdminDown: DOWN, Down: DOWN },
};

/** What a packet with the peer's state makes of ours; undefined: it stays. */
export function afterHearing(local: BfdState, remote: BfdState): Transition | undefined {
  return TABLE[local][remote];
}
