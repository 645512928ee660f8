import { type LoggerOptions, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';

/** What belongs to a line: names and values, nothing to be put together by a reader. */
export type Facts = Readonly<Record<string, unknown>>;

/**
 * Structured log. Messages are constant and in lower case; what varies is in the facts. Debug is for packets, info for
 * decisions, warn for what mends itself, error for what a human must act on.
 */
export interface Logger {
  debug(message: string, facts?: Facts): void;
  info(message: string, facts?: Facts): void;
  warn(message: string, facts?: Facts): void;
  error(message: string, facts?: Facts): void;
  /** A logger whose lines all carry these facts. */
  with(facts: Facts): Logger;
}

/** What a logger is made of. */
export interface LogOptions {
  /** Stands in every line. */
  readonly program: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Where lines go; stdout when absent. */
  readonly destination?: { write(line: string): void };
}

/** `heartbeatKey`, but not `key`: that is the name of an object that is worked on. */
const SECRET_NAME = /secret|password|.key$/i;
const MAX_WAITING_LENGTH = 4 * 1_024 * 1_024;

/**
 * Writes one JSON object a line. Facts whose name says that they are secret are blotted out, at any depth; an error
 * among the facts is written with its causes.
 */
export function createLogger({ program, level, destination }: LogOptions): Logger {
  const options: LoggerOptions = {
    level,
    base: { program },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  return logTo(pino(options, destination ?? stdout()));
}

/** A reader of stdout that stalls must not stall this process: lines wait in memory, and beyond a limit they are lost. */
function stdout() {
  return pino.destination({ dest: 1, sync: false, maxLength: MAX_WAITING_LENGTH });
}

function logTo(lines: PinoLogger): Logger {
  return {
    debug: (message, facts) => lines.debug(readable(facts), message),
    info: (message, facts) => lines.info(readable(facts), message),
    warn: (message, facts) => lines.warn(readable(facts), message),
    error: (message, facts) => lines.error(readable(facts), message),
    with: (facts) => logTo(lines.child(readable(facts))),
  };
}

function readable(facts: Facts = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      SECRET_NAME.test(name) ? '[redacted]' : readableValue(value),
    ]),
  );
}

function readableValue(value: unknown): unknown {
  if (value instanceof Error) return describeError(value);
  if (Array.isArray(value)) return value.map(readableValue);
  if (isPlain(value)) return readable(value);
  return value;
}

function isPlain(value: unknown): value is Facts {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}

/** `can't join ff02::1:ff00:1 on eth0: addMembership ENODEV` */
function describeError(error: Error): string {
  const cause = error.cause === undefined ? '' : `: ${describeCause(error.cause)}`;
  return `${error.message}${cause}`;
}

function describeCause(cause: unknown): string {
  return cause instanceof Error ? describeError(cause) : String(cause);
}
