import { absentAs, type Field, fields, oneOf, optional, text } from './fields.ts';
import { METALLB_API_VERSION } from './names.ts';
import { type Condition, conditions, metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';

/** metallb.io/v1beta1 ConfigurationState: whether one component understands what it was configured with. */
export interface ConfigurationState {
  readonly metadata: ObjectMeta;
  readonly status: {
    readonly result: 'Valid' | 'Invalid' | 'Unknown' | undefined;
    readonly errorSummary: string | undefined;
    readonly conditions: readonly Condition[];
  };
}

const configurationState: Field<ConfigurationState> = fields({
  apiVersion: oneOf(METALLB_API_VERSION),
  kind: oneOf('ConfigurationState'),
  metadata,
  status: absentAs(
    {},
    fields({
      result: optional(oneOf('Valid', 'Invalid', 'Unknown')),
      errorSummary: optional(text),
      conditions,
    }),
  ),
});

/** Reads a ConfigurationState. */
export function parseConfigurationState(object: unknown): Parsed<ConfigurationState> {
  return parseAs('ConfigurationState', configurationState, object);
}
