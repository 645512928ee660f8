import { type NodeCondition, nodeConditionType, type WantedCondition } from '../api/conditions.ts';

/** A condition of the Node that holds while there is something to say. */
export function nodeCondition(name: NodeCondition, messages: readonly string[]): WantedCondition {
  return {
    type: nodeConditionType(name),
    status: messages.length === 0 ? 'False' : 'True',
    reason: messages.length === 0 ? 'Over' : name,
    message: messages.join('; '),
  };
}
