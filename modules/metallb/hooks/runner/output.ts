import { writeSync } from 'node:fs';

const STDOUT = 1;
const STDERR = 2;

/**
 * Everything, however much it is: process.stdout would write to a pipe later, and what is not written when the process
 * ends is lost.
 */
export function print(text: string): void {
  write(STDOUT, text);
}

/** One line for the operator's log, by itself: it takes several in one write for one text. */
export function logLine(level: 'info' | 'debug', msg: string, fields: object = {}): void {
  write(STDOUT, `${JSON.stringify({ level, msg, ...fields })}\n`);
}

/** The operator shows what is on stderr as the reason of a failure. */
export function fail(reason: string): void {
  write(STDERR, `${reason}\n`);
  process.exitCode = 1;
}

/** What went wrong, in one line. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, '; ');
}

function write(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
}
