import type { NodeState } from '../packet/heartbeat.ts';
import type { Ranking } from './ranking.ts';

/** What this node does for one IP on one segment. */
export type Role =
  | { readonly kind: 'silent' }
  /** Answers and announces with its own address. */
  | { readonly kind: 'announcing' }
  /** Lost the election to a node that is there: answers until that node's announcement is seen on the wire. */
  | { readonly kind: 'yielding'; readonly to: string }
  /** The announcer is restarting: new requests are answered with *its* address (network rule 22). */
  | { readonly kind: 'covering'; readonly node: string };

/** This node among those that elect; the same for all IPs of a group. */
export interface Standing {
  readonly self: string;
  readonly state: NodeState;
  /** This node still belongs to the group that elects. */
  readonly member: boolean;
  readonly isRestarting: (node: string) => boolean;
  /** Known by a peer's word alone: what the node announces is not seen here. */
  readonly isHearsay: (node: string) => boolean;
}

export const SILENT: Role = { kind: 'silent' };

/**
 * The role that follows from an election. An IP that is answered stays answered: the loser of an election goes on
 * until the winner is seen, and a leaver without successor goes on until it exits, or until the duty ends when it is
 * only the group that it leaves (network rule 24).
 *
 * @param ranking without us when we are out
 */
export function nextRole(current: Role, ranking: Ranking, standing: Standing): Role {
  const { self, state, member, isRestarting, isHearsay } = standing;
  const { winner } = ranking;
  const answers = current.kind === 'announcing' || current.kind === 'yielding';
  const leaves = state === 'leaving' || !member;
  if (winner === self) return { kind: 'announcing' };
  if (winner === undefined) return answers && leaves ? { kind: 'announcing' } : SILENT;
  if (isRestarting(winner)) {
    const stand = [...ranking].find((node) => !isRestarting(node));
    return stand === self ? { kind: 'covering', node: winner } : SILENT;
  }
  // It announces what it has won, also where that is not seen: waiting for it would never end.
  if (isHearsay(winner) && !leaves) return SILENT;
  const mayAnswer = state === 'eligible' || state === 'holding-down' || state === 'leaving';
  return answers && mayAnswer ? { kind: 'yielding', to: winner } : SILENT;
}
