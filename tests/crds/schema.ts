import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { isRecord } from '../../modules/metallb/src/api/fields.ts';

/** A node of an OpenAPI v3 schema, as far as the tests look at it. */
export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly nullable?: boolean;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string }[];
}

export interface Crd {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: Readonly<Record<string, string | readonly string[]>>;
    readonly versions: readonly Version[];
  };
}

interface Version {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated?: boolean;
  readonly subresources: unknown;
  readonly additionalPrinterColumns?: readonly {
    readonly name: string;
    readonly jsonPath: string;
  }[];
  readonly schema: { readonly openAPIV3Schema: Schema };
}

/** A file of modules/metallb/crds. */
export function readCrd(file: string): Crd {
  const url = new URL(`../../modules/metallb/crds/${file}`, import.meta.url);
  return parse(readFileSync(url, 'utf8'));
}

/** Every node of a schema with its path. */
export function* walk(schema: Schema, path = ''): Generator<[path: string, node: Schema]> {
  yield [path, schema];
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    yield* walk(member, `${path}.${name}`);
  }
  if (schema.items) yield* walk(schema.items, `${path}[]`);
  if (schema.additionalProperties) yield* walk(schema.additionalProperties, `${path}{}`);
}

/** The node at a path such as `.spec.l2`; undefined where the schema has none. */
export function nodeAt(schema: Schema, path: readonly string[]): Schema | undefined {
  return path.reduce<Schema | undefined>((node, name) => node?.properties?.[name], schema);
}

/** What the API server stores for a value: absent members filled in by the schema's defaults. */
export function withDefaults(schema: Schema, value: unknown): unknown {
  if (!isRecord(value)) return value;
  const filled: Record<string, unknown> = { ...value };
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    const present = filled[name] ?? member.default;
    if (present !== undefined) filled[name] = withDefaults(member, present);
  }
  return filled;
}
