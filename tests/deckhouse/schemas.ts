import type { SettingsSchema } from '../chart/settings-schema.ts';
import { readYaml } from './module-folder.ts';

/** A module's three schemas, as addon-operator makes them of its two files. */
export interface Schemas {
  /** What a ModuleConfig may hold. */
  readonly config: SettingsSchema;
  /** Everything under the module's key. */
  readonly values: SettingsSchema;
  /** The same, with what must be there when Helm renders. */
  readonly helm: SettingsSchema;
}

/** @param folder of the module */
export function readSchemas(folder: string): Schemas {
  const config = readYaml(folder, 'openapi/config-values.yaml') as SettingsSchema;
  return makeSchemas(config, readYaml(folder, 'openapi/values.yaml') as SettingsSchema);
}

export function makeSchemas(config: SettingsSchema, own: SettingsSchema): Schemas {
  const values = closed(extended(own, config));
  return { config: closed(config), values, helm: withRequiredForHelm(values) };
}

/** The root takes no other members unless it says otherwise. */
function closed(schema: SettingsSchema): SettingsSchema {
  return { additionalProperties: false, ...schema };
}

/** `x-extend`: the settings of a ModuleConfig are values, too. */
function extended(own: SettingsSchema, config: SettingsSchema): SettingsSchema {
  if (own['x-extend'] === undefined) return own;
  const extensions = Object.entries(config).filter(([keyword]) => keyword.startsWith('x-'));
  return {
    ...Object.fromEntries(extensions),
    ...own,
    properties: { ...config.properties, ...own.properties },
    required: [...new Set([...requiredOf(config, 'required'), ...requiredOf(own, 'required')])],
  };
}

/** `x-required-for-helm` of the root and of all members. */
function withRequiredForHelm(schema: SettingsSchema): SettingsSchema {
  const required = [
    ...requiredOf(schema, 'required'),
    ...requiredOf(schema, 'x-required-for-helm'),
  ];
  const properties = Object.entries(schema.properties ?? {}).map(([name, member]) => [
    name,
    withRequiredForHelm(member),
  ]);
  return {
    ...schema,
    ...(required.length > 0 && { required: [...new Set(required)] }),
    ...(schema.properties && { properties: Object.fromEntries(properties) }),
  };
}

function requiredOf(schema: SettingsSchema, keyword: string): readonly string[] {
  const names = schema[keyword] ?? [];
  return (Array.isArray(names) ? names : [names]).map(String);
}

/** A copy in which what is absent has the schema's default, as addon-operator's ApplyDefaults. */
export function withDefaults(value: unknown, schema: SettingsSchema | undefined): unknown {
  if (schema === undefined) return value;
  if (Array.isArray(value)) return value.map((item) => withDefaults(item, schema.items));
  if (typeof value !== 'object' || value === null) return value;
  const members = schema.properties ?? {};
  const defaults = Object.entries(members).flatMap(([name, member]) =>
    member.default === undefined ? [] : [[name, member.default]],
  );
  const complete = { ...Object.fromEntries(defaults), ...value };
  return Object.fromEntries(
    Object.entries(complete).map(([name, member]) => [name, withDefaults(member, members[name])]),
  );
}
