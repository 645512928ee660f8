import type { WantedCondition } from '../store/conditions.ts';

/** Conditions of a Node need a domain of their own beside the kubelet's. */
const NODE_CONDITION_PREFIX = 'network.deckhouse.io/';

/** A condition of the Node that holds while there is something to say. */
export function nodeCondition(name: string, messages: readonly string[]): WantedCondition {
  return {
    type: `${NODE_CONDITION_PREFIX}${name}`,
    status: messages.length === 0 ? 'False' : 'True',
    reason: messages.length === 0 ? 'Over' : name,
    message: messages.join('; '),
  };
}
