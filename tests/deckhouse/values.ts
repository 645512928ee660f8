import { isRecord } from '../../modules/metallb/src/api/fields.ts';
import type { Settings } from './conversions.ts';
import { type Schemas, withDefaults } from './schemas.ts';
import { applyValuesPatches, type ValuesOperation } from './values-patch.ts';

/** Everything that a module's values are made of. */
export interface ValuesSources {
  /** The module's key in values.yaml. */
  readonly statics: unknown;
  readonly schemas: Schemas;
  /** What the ModuleConfig sets, in the latest version. */
  readonly settings: Settings;
  /** Of all hooks so far. */
  readonly patches: readonly ValuesOperation[];
  /** Of the ModuleSource: Deckhouse adds it to what is there. */
  readonly registry: object;
}

/**
 * The values under the module's key, in addon-operator's order, where later ones win: values.yaml, defaults of
 * config-values.yaml, the ModuleConfig, defaults of openapi/values.yaml, patches of hooks.
 */
export function moduleValues(key: string, sources: ValuesSources): Settings {
  const { statics, schemas, settings, patches, registry } = sources;
  const configured = mergeValues(withDefaults(statics, schemas.config), settings);
  const complete = withDefaults(configured, schemas.values);
  const patched = applyValuesPatches({ [key]: complete }, patches)[key];
  return { ...(patched as Settings), registry };
}

/** Objects are merged, everything else is replaced. */
export function mergeValues(base: unknown, over: unknown): unknown {
  if (!isRecord(base) || !isRecord(over)) return over;
  const merged = Object.entries(over).map(([name, value]) => [
    name,
    name in base ? mergeValues(base[name], value) : value,
  ]);
  return { ...base, ...Object.fromEntries(merged) };
}
