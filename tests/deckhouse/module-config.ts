import type { Converter, Settings } from './conversions.ts';
import { schemaError } from './schema-errors.ts';
import { type Schemas, withDefaults } from './schemas.ts';
import { mergeValues } from './values.ts';

/** Deckhouse's `deckhouse.io/v1alpha1` ModuleConfig, as far as the module's life depends on it. */
export interface ModuleConfig {
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly enabled?: boolean;
    readonly version?: number;
    readonly settings?: Settings;
  };
}

/** What Deckhouse makes of a ModuleConfig. */
export interface Verdict {
  /** In the latest version. Undefined where it sets none. */
  readonly settings: Settings | undefined;
  /** Why it is refused: by its webhook when it is written, and in status.message. */
  readonly error?: string;
  /** What `kubectl apply` warns of. */
  readonly warning?: string;
}

/** Who knows the settings of a module. */
export interface SettingsContract {
  readonly converter: Converter;
  readonly schemas: Schemas;
  /** The module's key in values. */
  readonly key: string;
}

/** Converts and checks the settings, as Deckhouse's go_lib/configtools does. */
export function judge({ spec }: ModuleConfig, contract: SettingsContract): Verdict {
  const converted = convert(spec, contract);
  if (converted.error !== undefined || spec.enabled === false) return converted;
  const complete = mergeValues(withDefaults({}, contract.schemas.config), converted.settings ?? {});
  const error = schemaError(contract.schemas.config, contract.key, complete);
  if (error === undefined) return converted;
  const { latest } = contract.converter;
  const isConverted = spec.version !== undefined && spec.version !== latest;
  const version = `version ${spec.version ?? 0}${isConverted ? ` converted to ${latest}` : ''}`;
  return { ...converted, error: `spec.settings are not valid (${version}): ${error}` };
}

/** `status.version` and `status.message`, as Deckhouse writes them. */
export function statusOf({ spec }: ModuleConfig, { error }: Verdict, converter: Converter) {
  if (error !== undefined) return { version: '', message: `Error: ${error}` };
  const { version = converter.latest } = spec;
  const isOld = version < converter.latest;
  const update = `Update available, latest spec.settings schema version is ${converter.latest}`;
  return { version: `${version}`, message: isOld ? update : '' };
}

function convert(
  { version = 0, settings }: ModuleConfig['spec'],
  contract: SettingsContract,
): Verdict {
  const { converter } = contract;
  const isEmpty = settings === undefined || Object.keys(settings).length === 0;
  if (version === 0) {
    const error = 'spec.version is required when spec.settings are specified';
    return { settings, ...(!isEmpty && { error }) };
  }
  if (!converter.knows(version)) {
    const earlier = converter.earlier().join(', ');
    const others = earlier === '' ? '' : `, or one of previous versions: ${earlier}`;
    const said = `spec.version=${version} is unsupported. Use latest version ${converter.latest}${others}`;
    return { settings, ...(settings === undefined ? { warning: said } : { error: said }) };
  }
  const warning = warningOf(version, isEmpty, converter.latest);
  try {
    const converted = settings && converter.convert(settings, version);
    return { settings: converted, ...(warning !== undefined && { warning }) };
  } catch (failure) {
    const reason = failure instanceof Error ? failure.message : String(failure);
    const error = `spec.settings conversion from version ${version} to ${converter.latest}: ${reason}`;
    return { settings, error };
  }
}

function warningOf(version: number, isEmpty: boolean, latest: number): string | undefined {
  if (version !== latest) {
    return `spec.version=${version} is obsolete. Please migrate spec.settings to the latest version ${latest}`;
  }
  if (!isEmpty) return undefined;
  return 'spec.version has no effect without spec.settings, defaults from the latest version of settings schema will be applied';
}
