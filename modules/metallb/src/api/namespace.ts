import { type Field, fields, into, oneOf } from './fields.ts';
import { metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';

/** The parts of core/v1 Namespace that pools select by. */
export interface Namespace {
  readonly metadata: ObjectMeta;
  readonly labels: Readonly<Record<string, string>>;
}

const namespace: Field<Namespace> = into(
  fields({ apiVersion: oneOf('v1'), kind: oneOf('Namespace'), metadata }),
  ({ metadata }) => ({ metadata, labels: metadata.labels ?? {} }),
);

/** Reads a Namespace. */
export function parseNamespace(object: unknown): Parsed<Namespace> {
  return parseAs('Namespace', namespace, object);
}
