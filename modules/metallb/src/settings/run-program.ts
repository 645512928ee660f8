import { EXIT_USAGE, loadSettings } from './load-settings.ts';
import { type SettingsOf, type SettingsTable, UsageError } from './settings.ts';

/** A program that has nothing but settings. */
export interface Program<Table extends SettingsTable> {
  /** What the user started: stands in the help text and before the sentence of a UsageError. */
  readonly name: string;
  readonly table: Table;
  readonly run: (settings: SettingsOf<Table>) => Promise<void> | void;
  /** Somebody who says the sentence of a UsageError in this program's place and ends it; false: nobody does. */
  readonly leaveRefusal?: (sentence: string) => boolean;
}

/**
 * The outermost call of a program: loads its settings and runs it with them. Help goes to stdout; a UsageError, also
 * one that the program throws, goes to stderr as a sentence and ends the process with EXIT_USAGE.
 */
export async function runProgram<Table extends SettingsTable>({
  name,
  table,
  run,
  leaveRefusal = () => false,
}: Program<Table>): Promise<void> {
  try {
    const argv = process.argv.slice(2);
    const loaded = await loadSettings(table, { program: name, argv, env: process.env });
    if ('help' in loaded) process.stdout.write(`${loaded.help}\n`);
    else await run(loaded.settings);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    if (leaveRefusal(error.message)) return;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exit(EXIT_USAGE);
  }
}
