import { ADVERTISEMENT_CONDITION, type ConditionReason } from '../api/conditions.ts';
import type { L2Advertisement } from '../api/l2-advertisement.ts';
import { anySelects } from '../api/label-selector.ts';
import type { Node } from '../api/node.ts';

/**
 * Whether some node has to announce for it: it counts, and there is a pool that it is about. The controller alone knows
 * and says so in its condition, for hooks that run elsewhere.
 */
function isInUse(advertisement: L2Advertisement): boolean {
  const accepted = acceptedOf(advertisement);
  const idle: ConditionReason = 'NoPool';
  return accepted?.status === 'True' && accepted.reason !== idle;
}

/** Whether another version of it may be in force than the one that is stored: nobody knows which nodes that selects. */
export function isRefused(advertisement: L2Advertisement): boolean {
  const refused: ConditionReason = 'Invalid';
  return acceptedOf(advertisement)?.reason === refused;
}

function acceptedOf({ status: { conditions } }: L2Advertisement) {
  return conditions.find(({ type }) => type === ADVERTISEMENT_CONDITION.accepted);
}

/** Names of the nodes that may announce for these advertisements. */
export function announcingNodes(
  advertisements: Iterable<L2Advertisement>,
  nodes: readonly Node[],
): ReadonlySet<string> {
  const selectors = [...advertisements].filter(isInUse).map(({ spec }) => spec.nodeSelectors);
  const announces = ({ labels }: Node) => selectors.some((any) => anySelects(any, labels));
  return new Set(nodes.filter(announces).map(({ metadata }) => metadata.name));
}
