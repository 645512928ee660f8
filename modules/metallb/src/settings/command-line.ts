import { parseArgs } from 'node:util';
import { helpText } from './help-text.ts';
import { nearestWord } from './nearest-word.ts';
import { flagName } from './setting-names.ts';
import { type SettingsTable, UsageError } from './settings.ts';

/** Flags by their name without dashes, or the help text when that was asked for. */
export type CommandLine =
  | { readonly flags: Readonly<Record<string, string>> }
  | { readonly help: string };

/** One part of a command line as `parseArgs` tells it. */
type Token = NonNullable<ReturnType<typeof tokensOf>>[number];

/**
 * Splits the arguments of a program that has nothing but settings. A flag that is given twice counts as given last.
 * @throws UsageError on anything else
 */
export function readCommandLine(
  table: SettingsTable,
  program: string,
  argv: readonly string[],
): CommandLine {
  const names = ['config', ...Object.keys(table).map(flagName)];
  const tokens = tokensOf(names, argv);
  if (tokens.some((token) => token.kind === 'option' && token.name === 'help')) {
    return { help: helpText(table, program) };
  }
  return { flags: Object.fromEntries(tokens.flatMap((token) => readToken(token, names))) };
}

/** Not `strict`: its errors are not sentences for our users. */
function tokensOf(names: readonly string[], argv: readonly string[]) {
  const { tokens } = parseArgs({
    args: [...argv],
    options: {
      ...Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
      help: { type: 'boolean', short: 'h' },
    },
    strict: false,
    tokens: true,
  });
  return tokens;
}

/** @returns a flag and its value; nothing for the `--` that ends the flags */
function readToken(token: Token, names: readonly string[]): [string, string][] {
  if (token.kind === 'option-terminator') return [];
  if (token.kind === 'positional') throw new UsageError(`unexpected argument ${token.value}`);
  const { name, rawName, value, inlineValue } = token;
  if (!names.includes(name)) throw new UsageError(unknownFlag(rawName, names));
  // A value that begins with a dash is rather the next flag; `--flag=-x` says that it is not.
  if (value === undefined || (!inlineValue && /^-./.test(value))) {
    throw new UsageError(`${rawName} needs a value`);
  }
  return [[name, value]];
}

function unknownFlag(flag: string, names: readonly string[]): string {
  const flags = names.map((name) => `--${name}`);
  const nearest = nearestWord(flag, [...flags, '--help']);
  const suggestion = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  return `unknown setting ${flag} on the command line${suggestion}`;
}
