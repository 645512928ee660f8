import { absentAs, type Field, fields, oneOf, optional, text } from './fields.ts';
import { METALLB_API_VERSION } from './names.ts';
import { metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';

/** metallb.io/v1beta1 objects in which programs tell something: all that they say is their status. */
export interface Told<Status> {
  readonly metadata: ObjectMeta;
  readonly status: Status;
}

/** Reads one of a kind, MetalLB's own too. */
export function readerOf<Status>(
  kind: string,
  status: Field<Status>,
): (object: unknown) => Parsed<Told<Status>> {
  const told: Field<Told<Status>> = fields({
    apiVersion: oneOf(METALLB_API_VERSION),
    kind: oneOf(kind),
    metadata,
    status: absentAs({}, status),
  });
  return (object) => parseAs(kind, told, object);
}

/** What a node tells about a Service begins with both. */
export interface ToldOfService {
  readonly node: string | undefined;
  readonly serviceName: string | undefined;
  readonly serviceNamespace: string | undefined;
}

/** As a table, for kinds that have more fields beside them. */
export const toldOfService = {
  node: optional(text),
  serviceName: optional(text),
  serviceNamespace: optional(text),
};
