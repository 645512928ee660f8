import { fields, oneOf, optional, text } from './fields.ts';
import { METALLB_LABEL } from './names.ts';
import { type Condition, conditions, type ObjectMeta } from './object.ts';
import { readerOf, type Told } from './told-status.ts';

/** metallb.io/v1beta1 ConfigurationState: whether one component understands what it was configured with. */
export type ConfigurationState = Told<{
  readonly result: 'Valid' | 'Invalid' | 'Unknown' | undefined;
  readonly errorSummary: string | undefined;
  readonly conditions: readonly Condition[];
}>;

/** Reads a ConfigurationState. */
export const parseConfigurationState = readerOf<ConfigurationState['status']>(
  'ConfigurationState',
  fields({
    result: optional(oneOf('Valid', 'Invalid', 'Unknown')),
    errorSummary: optional(text),
    conditions,
  }),
);

/** Name of that of a node's speaker. */
export function nodeStateName(node: string): string {
  return `speaker-${node}`;
}

/** The node whose speaker tells it; undefined for another program's. */
export function nodeOfState({
  name,
  labels,
}: Pick<ObjectMeta, 'name' | 'labels'>): string | undefined {
  const node = labels?.[METALLB_LABEL.nodeName];
  return node !== undefined && name === nodeStateName(node) ? node : undefined;
}
