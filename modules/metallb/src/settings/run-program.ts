import { EXIT_USAGE, loadSettings } from './load-settings.ts';
import { type SettingsOf, type SettingsTable, UsageError } from './settings.ts';

/**
 * The outermost call of a program: loads its settings and runs it with them. Help goes to stdout; a UsageError, also
 * one that the program throws, goes to stderr as a sentence and ends the process with EXIT_USAGE.
 */
export async function runProgram<Table extends SettingsTable>(
  program: string,
  table: Table,
  main: (settings: SettingsOf<Table>) => Promise<void> | void,
): Promise<void> {
  try {
    const argv = process.argv.slice(2);
    const loaded = loadSettings(table, { program, argv, env: process.env });
    if ('help' in loaded) process.stdout.write(`${loaded.help}\n`);
    else await main(loaded.settings);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${program}: ${error.message}\n`);
    process.exit(EXIT_USAGE);
  }
}
