import {
  absentAs,
  accept,
  type Field,
  fields,
  flag,
  integer,
  into,
  isRecord,
  listOf,
  oneOf,
  refine,
  text,
  textMap,
  word,
} from './fields.ts';
import type { Parsed } from './problem.ts';

/** What every Kubernetes object has, as the store hands it out. `spec` and `status` are parsed by the kind's own file. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: unknown;
  readonly status?: unknown;
  readonly [field: string]: unknown;
}

export interface ObjectMeta {
  readonly name: string;
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** RFC 3339 */
  readonly creationTimestamp: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly deletionTimestamp?: string;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** metav1.Condition. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

/** `namespace/name`, or `name` for cluster-scoped objects: unique within a kind. */
export function keyOf(metadata: {
  readonly namespace?: string | undefined;
  readonly name: string;
}): string {
  return metadata.namespace === undefined
    ? metadata.name
    : `${metadata.namespace}/${metadata.name}`;
}

const ownerReference: Field<OwnerReference> = fields(
  { apiVersion: word, kind: word, name: word, uid: text },
  { controller: flag, blockOwnerDeletion: flag },
);

const knownMetadata = fields(
  {
    name: word,
    // What the store assigns is empty in a manifest that no store has seen yet.
    uid: absentAs('', text),
    resourceVersion: absentAs('', text),
    creationTimestamp: absentAs('', text),
  },
  {
    namespace: word,
    labels: textMap,
    annotations: textMap,
    ownerReferences: listOf(ownerReference),
    deletionTimestamp: text,
  },
);

/** Metadata with what this module doesn't know (finalizers, generation, …) left in place. */
export const metadata: Field<ObjectMeta> = (value, place) =>
  refine(knownMetadata, (known) => accept({ ...presentMembers(value), ...known }))(value, place);

/** Reasons, messages and times that somebody left out (Deckhouse writes a null time) are empty. */
const condition: Field<Condition> = fields(
  {
    type: word,
    status: oneOf('True', 'False', 'Unknown'),
    reason: absentAs('', text),
    message: absentAs('', text),
    lastTransitionTime: absentAs('', text),
  },
  { observedGeneration: integer(0, Number.MAX_SAFE_INTEGER) },
);

/** `status.conditions` of any kind; none when absent. */
export const conditions: Field<readonly Condition[]> = absentAs([], listOf(condition));

const anyObject = fields({ apiVersion: word, kind: word, metadata });

/** Any object, with all its fields, once its kind and metadata are in order. */
export function parseObject(object: unknown): Parsed<KubernetesObject> {
  const kind = isRecord(object) && typeof object['kind'] === 'string' ? object['kind'] : 'object';
  const whole = into(anyObject, (known) => ({ ...presentMembers(object), ...known }));
  return parseAs(kind, whole, object);
}

/** Reads a whole object; its problems carry `Kind/namespace/name` as far as the object tells. */
export function parseAs<T>(kind: string, field: Field<T>, object: unknown): Parsed<T> {
  return field(object, { object: `${kind}/${keyAsWritten(object)}`, field: '' });
}

function keyAsWritten(object: unknown): string {
  const written = isRecord(object) && isRecord(object['metadata']) ? object['metadata'] : {};
  const { name, namespace } = written;
  return keyOf({
    namespace: typeof namespace === 'string' ? namespace : undefined,
    name: typeof name === 'string' && name !== '' ? name : '(unnamed)',
  });
}

function presentMembers(value: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
}
