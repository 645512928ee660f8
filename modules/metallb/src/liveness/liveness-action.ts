import type { Peer } from './peer.ts';

/** What liveness asks of whoever drives it. */
export type LivenessAction =
  /** Send a heartbeat now. */
  | { readonly do: 'beat' }
  /** Ask one of the peer's IPs per family on the wire for a proof of life. */
  | { readonly do: 'confirm'; readonly peer: Peer }
  /** Ask the addresses of a restarting peer's kernel. */
  | { readonly do: 'confirm-kernel'; readonly peer: Peer }
  /** Make anybody send us a frame: without one, silence may be our own deafness. */
  | { readonly do: 'solicit' }
  | { readonly do: 'peer-died'; readonly peer: Peer; readonly silentSince: number }
  /** A peer that was serving is counted from now on: whoever stays announcer tells the segment so. */
  | { readonly do: 'peer-joined'; readonly peer: Peer }
  /** Nobody hears us any more: stop answering at once, start anew. */
  | { readonly do: 'dropped' }
  | { readonly do: 'elect' };
