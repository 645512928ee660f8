import type { ConditionReason } from '../api/conditions.ts';
import { anySelects, type LabelSelector } from '../api/label-selector.ts';
import type { Node } from '../api/node.ts';
import type { Condition } from '../api/object.ts';

/** What the condition `Accepted` says. */
type Accepted = Pick<Condition, 'status' | 'reason'> | undefined;

/** What an object selects of the nodes that announce, and what the controller says of it. */
export interface JudgedObject {
  /** Undefined where no version of it can be read. */
  readonly nodeSelectors: readonly LabelSelector[] | undefined;
  readonly accepted: Accepted;
}

/** Nodes that have to announce, each list of selectors for one object. */
export interface Announcing {
  readonly nodeSelectors: readonly (readonly LabelSelector[])[];
  /** Of some object, another version may be in force than the one that is known: nobody knows which nodes that selects. */
  readonly isSure: boolean;
}

/**
 * The nodes that L2Advertisements, BGPPeers and MetalLoadBalancerConfigurations need. The controller alone knows what they
 * are about, and says so in their conditions.
 */
export function announcingFor(judged: readonly JudgedObject[]): Announcing {
  return {
    nodeSelectors: judged.flatMap(({ nodeSelectors, accepted }) =>
      nodeSelectors !== undefined && isInUse(accepted) ? [nodeSelectors] : [],
    ),
    isSure: !judged.some(isDoubtful),
  };
}

/** Its routers are sessions to keep, whatever it may not tell them. */
const WITHOUT_ROUTES: ReadonlySet<string | undefined> = new Set<ConditionReason>([
  'UnknownCommunity',
  'AggregateTooWide',
  'AggregateCoversHost',
  'LocalPrefConflict',
]);

/** It counts, and there is a pool that it is about. */
function isInUse(accepted: Accepted): boolean {
  const idle: ConditionReason = 'NoPool';
  if (WITHOUT_ROUTES.has(accepted?.reason)) return true;
  return accepted?.status === 'True' && accepted.reason !== idle;
}

/** One that does not count, whatever it says, leaves nothing open. */
function isDoubtful({ nodeSelectors, accepted }: JudgedObject): boolean {
  const refused: ConditionReason = 'Invalid';
  if (accepted?.reason === refused) return true;
  return nodeSelectors === undefined && accepted?.status !== 'False';
}

/** Names of the nodes that some object selects. */
export function announcingNodes(
  { nodeSelectors }: Announcing,
  nodes: readonly Node[],
): ReadonlySet<string> {
  const announces = ({ labels }: Node) => nodeSelectors.some((any) => anySelects(any, labels));
  return new Set(nodes.filter(announces).map(({ metadata }) => metadata.name));
}
