import type { BfdDrop } from './session.ts';

/** RFC 5880 §4.1 and RFC 6428 §3.3 (9), in words for people, by number. */
const DIAGNOSTICS = [
  'no reason given',
  'nothing came for the detection time',
  'its echoes did not come back',
  'its neighbor said that the session is down',
  'its forwarding plane was reset',
  'the path is down',
  'a path behind this one is down',
  'it was shut down by its administrator',
  'a path back, behind this one, is down',
  'packets came from another session than it expected',
];

/** What a peer gives as its reason. */
export function describeDiagnostic(diagnostic: number): string {
  return DIAGNOSTICS[diagnostic] ?? `diagnostic ${diagnostic}`;
}

const DROPS: Readonly<Record<BfdDrop, string>> = {
  'not-signed': 'the peer does not sign its packets',
  signed: 'the peer signs its packets, and no key is set here',
  'other-authentication': 'the peer signs its packets in another way than is set here',
  'other-key-id': 'the peer signs with a key of another id',
  'wrong-key': 'the peer signs with another key',
  'old-sequence': 'the peer repeats packets, or has started anew',
  'demand-mode': 'the peer wants demand mode, which is not spoken here',
  'shut-down': 'shut down on this side',
};

/** Why packets of a peer count for nothing. */
export function describeDrop(drop: BfdDrop): string {
  return DROPS[drop];
}
