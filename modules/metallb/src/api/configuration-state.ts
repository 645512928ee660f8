import { fields, oneOf, optional, text } from './fields.ts';
import { type Condition, conditions } from './object.ts';
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
