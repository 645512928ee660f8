import type { ConditionReason } from '../api/conditions.ts';
import type { L2Advertisement } from '../api/l2-advertisement.ts';
import { anySelects, type LabelSelector } from '../api/label-selector.ts';
import type { Node } from '../api/node.ts';
import type { Condition } from '../api/object.ts';

/** What the condition `Accepted` says. */
type Accepted = Pick<Condition, 'status' | 'reason'> | undefined;

/** An advertisement as far as it can be read, and what the controller says of it. */
export interface JudgedAdvertisement {
  readonly advertisement: L2Advertisement | undefined;
  readonly accepted: Accepted;
}

/** Nodes that have to announce, each list of selectors for one object. */
export interface Announcing {
  readonly nodeSelectors: readonly (readonly LabelSelector[])[];
  /** Of some object, another version may be in force than the one that is known: nobody knows which nodes that selects. */
  readonly isSure: boolean;
}

/** The nodes that advertisements need. The controller alone knows what they are about, and says so in their conditions. */
export function announcingFor(judged: readonly JudgedAdvertisement[]): Announcing {
  return {
    nodeSelectors: judged.flatMap(({ advertisement, accepted }) =>
      advertisement !== undefined && isInUse(accepted) ? [advertisement.spec.nodeSelectors] : [],
    ),
    isSure: judged.every(
      ({ advertisement, accepted }) => advertisement !== undefined && !isRefused(accepted),
    ),
  };
}

/** It counts, and there is a pool that it is about. */
function isInUse(accepted: Accepted): boolean {
  const idle: ConditionReason = 'NoPool';
  return accepted?.status === 'True' && accepted.reason !== idle;
}

function isRefused(accepted: Accepted): boolean {
  const refused: ConditionReason = 'Invalid';
  return accepted?.reason === refused;
}

/** Names of the nodes that some object selects. */
export function announcingNodes(
  { nodeSelectors }: Announcing,
  nodes: readonly Node[],
): ReadonlySet<string> {
  const announces = ({ labels }: Node) => nodeSelectors.some((any) => anySelects(any, labels));
  return new Set(nodes.filter(announces).map(({ metadata }) => metadata.name));
}
