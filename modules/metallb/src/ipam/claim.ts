import type { IpAddress, IpFamily } from '../net/ip.ts';
import type { Sharing } from './sharing.ts';

/** What an owner wants: one address of a family, or one of each from one pool. */
export interface Claim {
  /** Unique, e.g. `namespace/name` of a child. */
  readonly owner: string;
  /**
   * Those it may use, in order of preference. An address that the owner holds stays when it is in none of them, unless
   * they reassign: whether the owner or an administrator changed that, only the caller knows, and can release it.
   */
  readonly pools: readonly string[];
  /** Those of them that are meant for it: the others give it something only where these have nothing for it. */
  readonly preferredPools?: readonly string[];
  /** The owner itself named its pools: they need not be open to automatic assignment. */
  readonly poolNamedByOwner: boolean;
  /** The owner wants its addresses from these pools since it got others: those go as soon as it can have new ones. */
  readonly leavesOtherPools?: boolean;
  /** The primary first. */
  readonly families: readonly IpFamily[];
  readonly policy: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack';
  /** At most one of each family. */
  readonly requested: readonly IpAddress[];
  /** Undefined: it shares with nobody. */
  readonly sharing: Sharing | undefined;
}

/** What an owner holds. */
export interface Assignment {
  /** IPv4 first. */
  readonly ips: readonly IpAddress[];
  /** Those of them that are in none of the claim's pools: kept, but somebody should be told. */
  readonly outsidePool: readonly IpAddress[];
}

export type RefusalReason =
  | 'unknown-pool'
  | 'pool-not-automatic'
  | 'no-such-family'
  | 'pool-exhausted'
  | 'requested-ip-not-in-pool'
  | 'requested-ip-in-use'
  | 'sharing-refused';

export interface Refusal {
  readonly kind: 'refused';
  readonly reason: RefusalReason;
  /** Says which pool or address, and what is in the way. */
  readonly sentence: string;
}

interface Effect {
  /** What the owner holds now. */
  readonly assignment: Assignment;
  /** Pools in which an address, or a port of a shared one, became free: claims that wait for them may be tried again. */
  readonly freedPools: readonly string[];
}

export type Assigned = Effect & { readonly kind: 'assigned' };
/** The assignment is what the owner still holds from before, if anything. */
export type Refused = Effect & Refusal;

/** The families that a claim asks for, the primary first. */
export function wantedFamilies(claim: Claim): readonly IpFamily[] {
  return claim.policy === 'SingleStack' ? claim.families.slice(0, 1) : claim.families;
}
