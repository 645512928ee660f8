import type { IpAddress } from '../net/ip.ts';
import type { BfdAuthenticationKind } from '../packet/bfd.ts';
import type { BfdPath } from './path.ts';
import type { BfdTimers } from './timers.ts';

/** Raised with every incompatible change of the messages below; checked on both ends. */
export const BFD_PROTOCOL_VERSION = 1;
export const MAX_BFD_SESSIONS = 10_000;

/** A session as the speaker wants it: plain data. */
export interface WantedBfdSession extends BfdPath {
  /** Of no other session. */
  readonly name: string;
  /** Packets leave from it; undefined: as the kernel routes. */
  readonly local: IpAddress | undefined;
  /** That packets over several hops must have left; those of a neighbour have all of it. */
  readonly minimumTtl: number;
  readonly timers: BfdTimers;
  readonly passive: boolean;
  readonly key: WantedBfdKey | undefined;
}

export interface WantedBfdKey {
  readonly kind: BfdAuthenticationKind;
  readonly id: number;
  /** In base64. */
  readonly secret: string;
}

/** Speaker to bfdd: one JSON object a line. A node has a handful of peers, so what changes is told as a whole. */
export type ToBfdd =
  | { readonly kind: 'hello'; readonly protocol: number }
  | { readonly kind: 'sessions'; readonly sessions: readonly WantedBfdSession[] };

/**
 * What a session says of the path. `Waiting`: it has not been Up yet, or has failed and its peer has been silent for long,
 * which says nothing, as that may not speak BFD. `Down`: it was Up and has failed. `AdminDown`: the peer has shut it down,
 * which is no failure (RFC 5882 §3.2).
 */
export const BFD_STANDINGS = ['Waiting', 'Up', 'Down', 'AdminDown'] as const;
export type BfdStanding = (typeof BFD_STANDINGS)[number];

/** What is told of one session. */
export interface BfdReport {
  readonly standing: BfdStanding;
  /** Why it is not Up, in words. */
  readonly why: string;
}

/** bfdd to speaker: every session's standing on connection, and each change. */
export type FromBfdd =
  | { readonly kind: 'hello'; readonly protocol: number }
  | ({ readonly kind: 'standing'; readonly name: string } & BfdReport);
