import { readChartYaml } from './chart-files.ts';

/** A node of the module's OpenAPI schemas, as far as they use it. */
export interface SettingsSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly additionalProperties?: boolean | SettingsSchema;
  readonly properties?: Readonly<Record<string, SettingsSchema>>;
  readonly items?: SettingsSchema;
  readonly oneOf?: readonly SettingsSchema[];
  readonly 'x-examples'?: readonly unknown[];
  readonly [keyword: string]: unknown;
}

/** What a ModuleConfig may hold. */
export const CONFIG_SCHEMA = readChartYaml('openapi/config-values.yaml') as SettingsSchema;

const OWN = readChartYaml('openapi/values.yaml') as SettingsSchema;

/** Everything under `metallb:`: addon-operator's `x-extend` adds the settings of a ModuleConfig. */
export const VALUES_SCHEMA: SettingsSchema = {
  ...OWN,
  properties: { ...CONFIG_SCHEMA.properties, ...OWN.properties },
};

/** Every node with its path, such as `heartbeat.intervalMs` or `bgpPeers[].peer-asn`. */
export function* walkSettings(
  schema: SettingsSchema,
  path = '',
): Generator<[path: string, node: SettingsSchema]> {
  yield [path, schema];
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    yield* walkSettings(member, path === '' ? name : `${path}.${name}`);
  }
  if (schema.items !== undefined) yield* walkSettings(schema.items, `${path}[]`);
  for (const choice of schema.oneOf ?? []) yield* walkSettings(choice, path);
}

/** The value of a schema that sets nothing: its default, with the defaults of its members. */
export function defaultOf(schema: SettingsSchema): unknown {
  const { default: given, properties } = schema;
  if (given === undefined || schema.type !== 'object' || properties === undefined) return given;
  return { ...defaultsOf(properties), ...(given as object) };
}

export function defaultsOf(properties: Readonly<Record<string, SettingsSchema>>): object {
  const defaults = Object.entries(properties).map(([name, member]) => [name, defaultOf(member)]);
  return Object.fromEntries(defaults.filter(([, value]) => value !== undefined));
}
