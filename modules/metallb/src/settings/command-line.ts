import yargs, { type Options } from 'yargs';
import { environmentName, flagName } from './setting-names.ts';
import { type SettingsTable, UsageError } from './settings.ts';

/** Flags by their name without dashes, or the help text when that was asked for. */
export type CommandLine =
  | { readonly flags: Readonly<Record<string, string>> }
  | { readonly help: string };

/** Splits the arguments of a program that has nothing but settings. @throws UsageError on anything else */
export function readCommandLine(
  table: SettingsTable,
  program: string,
  argv: readonly string[],
): CommandLine {
  const parser = newParser(program).option(
    'config',
    flag('config', 'YAML file with more settings, one NAME: VALUE a line', 'none'),
  );
  for (const [key, setting] of Object.entries(table)) {
    const whenAbsent = setting.default ?? 'none: must be given';
    parser.option(flagName(key), flag(key, setting.description, whenAbsent));
  }
  let help = '';
  const parsed: Readonly<Record<string, unknown>> = parser.parseSync(
    [...argv],
    {},
    (_, __, output) => {
      help = output;
    },
  );
  if (help !== '') return { help };
  const { _: positional, ...rest } = parsed;
  if (Array.isArray(positional) && positional.length > 0) {
    throw new UsageError(`unexpected argument ${positional.join(' ')}`);
  }
  const flags = Object.entries(rest).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return { flags: Object.fromEntries(flags) };
}

function newParser(program: string) {
  return yargs()
    .scriptName(program)
    .locale('en')
    .usage('$0 [settings]')
    .epilogue(
      'A flag wins over the environment, that over the file of --config, that over the default.',
    )
    .wrap(100)
    .version(false)
    .help()
    .strict()
    .exitProcess(false)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'duplicate-arguments-array': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .fail((message) => {
      throw new UsageError(sentenceOf(message));
    });
}

function flag(key: string, description: string, whenAbsent: string): Options {
  return {
    type: 'string',
    requiresArg: true,
    description: `${description} (${environmentName(key)})`,
    defaultDescription: whenAbsent,
  };
}

/** What yargs says, in our words. */
function sentenceOf(message: string): string {
  return message
    .replace(/^Not enough arguments following: (.+)$/, '--$1 needs a value')
    .replace(/^Unknown arguments?: (.+)$/, 'unknown setting or argument on the command line: $1');
}
