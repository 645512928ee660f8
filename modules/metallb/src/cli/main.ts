import { text } from 'node:stream/consumers';
import { MalformedPacketError } from '../packet/malformed.ts';
import { EXIT_USAGE } from '../settings/load-settings.ts';
import { UsageError } from '../settings/settings.ts';
import { systemClock } from '../time/system-clock.ts';
import { readCommand } from './command-line.ts';
import { CommandFailure } from './failure.ts';
import { paintFor } from './paint.ts';
import { runCommand } from './run-command.ts';

try {
  process.exitCode = await runCommand(readCommand(process.argv.slice(2), process.env), {
    clock: systemClock,
    paint: paintFor(process.stdout.isTTY, process.env),
    print: (text) => process.stdout.write(`${text}\n`),
    readInput: () => text(process.stdin),
  });
} catch (error) {
  process.exitCode = exitCodeOf(error);
  process.stderr.write(`mlb: ${error instanceof Error ? error.message : error}\n`);
}

/** @throws what is a bug of ours, with its trace */
function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT_USAGE;
  if (error instanceof CommandFailure || error instanceof MalformedPacketError) return 1;
  throw error;
}
