import { readFileSync } from 'node:fs';
import { readCommandLine } from './command-line.ts';
import { environmentName, flagName } from './setting-names.ts';
import { type SettingsOf, type SettingsTable, UsageError } from './settings.ts';

/** BSD's EX_USAGE: what a program exits with when it was started wrongly. */
export const EXIT_USAGE = 64;

/** What the settings are read from. */
export interface SettingSources {
  /** Shown in the help text. */
  readonly program: string;
  /** Without the interpreter and the script. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Either the settings, or the help text that was asked for. */
export type LoadedSettings<Table extends SettingsTable> =
  | { readonly settings: SettingsOf<Table> }
  | { readonly help: string };

/** A text and the place it was found at, in the user's words. */
interface Given {
  readonly text: string;
  readonly origin: string;
}
type GivenByKey = Partial<Record<string, Given>>;

/**
 * Reads every setting of the table: a flag wins over the environment, that over the file of `--config`, that over the
 * default. @throws UsageError on the first setting that is unknown, missing or wrong, whichever source it came from
 */
export async function loadSettings<Table extends SettingsTable>(
  table: Table,
  sources: SettingSources,
): Promise<LoadedSettings<Table>> {
  const commandLine = readCommandLine(table, sources.program, sources.argv);
  if ('help' in commandLine) return commandLine;
  const flags = fromFlags(table, commandLine.flags);
  const environment = fromEnvironment(table, sources.env);
  const configFile = commandLine.flags['config'] ?? sources.env[environmentName('config')];
  const file = configFile === undefined ? {} : await fromFile(table, configFile);
  const values = Object.fromEntries(
    Object.keys(table).map((key) => [
      key,
      readSetting(table, key, [flags[key], environment[key], file[key]]),
    ]),
  );
  // Each value came out of its own setting's `parse`.
  return { settings: values as SettingsOf<Table> };
}

function fromFlags(table: SettingsTable, flags: Readonly<Record<string, string>>): GivenByKey {
  const given: GivenByKey = {};
  for (const key of Object.keys(table)) {
    const text = flags[flagName(key)];
    if (text !== undefined) given[key] = { text, origin: `--${flagName(key)}` };
  }
  return given;
}

/** Kubernetes sets these in every Pod for a Service that is called `metallb-…`. */
const SERVICE_LINK = /_(?:SERVICE_HOST|SERVICE_PORT\w*|PORT(?:_\w+)?)$/;

function fromEnvironment(table: SettingsTable, env: SettingSources['env']): GivenByKey {
  const keys = new Map(Object.keys(table).map((key) => [environmentName(key), key]));
  const given: GivenByKey = {};
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('METALLB_') || text === undefined) continue;
    const key = keys.get(name);
    if (key !== undefined) given[key] = { text, origin: name };
    else if (name !== environmentName('config') && !SERVICE_LINK.test(name)) {
      throw new UsageError(`unknown setting ${name} in the environment`);
    }
  }
  return given;
}

async function fromFile(table: SettingsTable, path: string): Promise<GivenByKey> {
  return settingsIn(table, await readMapping(path), path);
}

/** What the content of a file says. @throws UsageError when it is no mapping of settings to texts, numbers and lists */
export function settingsIn(table: SettingsTable, content: unknown, path: string): GivenByKey {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new UsageError(`can't read the settings in ${path}: expected lines of NAME: VALUE`);
  }
  const keys = new Map(Object.keys(table).map((key) => [flagName(key), key]));
  const given: GivenByKey = {};
  for (const [name, value] of Object.entries(content)) {
    const key = keys.get(name);
    if (key === undefined) throw new UsageError(`unknown setting ${name} in ${path}`);
    if (table[key]?.notFromFile) {
      throw new UsageError(`${name} in ${path}: give it as --${name} or ${environmentName(key)}`);
    }
    const items: unknown[] = Array.isArray(value) ? value : [value];
    if (items.some((item) => typeof item === 'object')) {
      throw new UsageError(`${name} in ${path}: expected a text, a number or a list of those`);
    }
    given[key] = { text: items.join(','), origin: `${name} in ${path}` };
  }
  return given;
}

async function readMapping(path: string): Promise<unknown> {
  // Only now: loading it would cost a program without a file a good part of its start.
  const { parse } = await import('yaml');
  try {
    return parse(readFileSync(path, 'utf8')) ?? {};
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new UsageError(`can't read the settings in ${path}: ${reason}`, { cause: error });
  }
}

function readSetting(
  table: SettingsTable,
  key: string,
  given: readonly (Given | undefined)[],
): unknown {
  const setting = table[key];
  const fallback = setting?.default;
  const chosen =
    given.find((candidate) => candidate !== undefined) ??
    (fallback === undefined
      ? undefined
      : { text: fallback, origin: `default of ${flagName(key)}` });
  if (setting === undefined || chosen === undefined) {
    throw new UsageError(
      `--${flagName(key)} is missing (or ${environmentName(key)}, or ${flagName(key)} in the file of --config)`,
    );
  }
  const parsed = setting.parse(chosen.text);
  if ('value' in parsed) return parsed.value;
  throw new UsageError(`${chosen.origin}: ${parsed.problem}, not ${JSON.stringify(chosen.text)}`);
}
