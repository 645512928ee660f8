#!/usr/bin/env node
import { text } from 'node:stream/consumers';
import { EXIT_USAGE } from '../settings/load-settings.ts';
import { UsageError } from '../settings/settings.ts';
import { systemClock } from '../time/system-clock.ts';
import { readCommand } from './command-line.ts';
import { CommandFailure } from './failure.ts';
import { paintFor } from './paint.ts';
import { runCommand } from './run-command.ts';

// A reader that has seen enough, as `head` has, is no failure; a full disk is one.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  process.stderr.write(`mlb: can't write the answer: ${error.message}\n`);
  process.exit(1);
});

try {
  process.exitCode = await runCommand(readCommand(process.argv.slice(2), process.env), {
    clock: systemClock,
    paint: paintFor(process.stdout.isTTY, process.env),
    print: (text) => process.stdout.write(`${text}\n`),
    complain: (text) => process.stderr.write(`mlb: ${text}\n`),
    readInput: () => text(process.stdin),
    untilStopped,
  });
} catch (error) {
  process.exitCode = exitCodeOf(error);
  process.stderr.write(`mlb: ${error instanceof Error ? error.message : error}\n`);
}

/** For what goes on for ever; everything else just ends. */
function untilStopped(): AbortSignal {
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stopping.abort());
  return stopping.signal;
}

/** @throws what is a bug of ours, with its trace */
function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT_USAGE;
  if (error instanceof CommandFailure) return 1;
  throw error;
}
