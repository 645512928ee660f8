import { shownValue } from '../api/shown-value.ts';
import { type IpAddress, parseIp } from '../net/ip.ts';

/** What came is not a message, or not one of this protocol. */
export class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError';
}

const MAX_TEXT_LENGTH = 1_024;

/** The readers below throw MalformedMessageError; whoever offers a parser to others turns it into a value. */
export function parsed<T>(read: () => T): T | MalformedMessageError {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedMessageError) return error;
    throw error;
  }
}

/** What is still unknown. */
export type Fields = Readonly<Record<string, unknown>>;

/** A message, read as its `kind` is; or why it is none. */
export function parseMessage<T>(
  value: unknown,
  readers: Readonly<Record<string, (fields: Fields) => T>>,
): T | MalformedMessageError {
  return parsed(() => {
    const fields = readObject(value, 'message');
    const { kind } = fields;
    const read = readers[readChoice(kind, 'kind', Object.keys(readers))];
    if (read === undefined) throw malformed('kind', 'a known one', kind);
    return read(fields);
  });
}

/** The first message of either side: it says which protocol it speaks. */
export function readHello({ protocol }: Fields) {
  return { kind: 'hello', protocol: readInteger(protocol, 'protocol') } as const;
}

/** An object whose fields are still unknown. */
export function readObject(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(what, 'an object', value);
  }
  return value as Fields;
}

/** A string of bounded length. */
export function readText(value: unknown, what: string): string {
  if (typeof value !== 'string' || value.length > MAX_TEXT_LENGTH) {
    throw malformed(what, `a text of at most ${MAX_TEXT_LENGTH} characters`, value);
  }
  return value;
}

/** JSON has no undefined: a missing field stands for it. */
export function readOptional<T>(
  value: unknown,
  what: string,
  read: (value: unknown, what: string) => T,
): T | undefined {
  return value === undefined || value === null ? undefined : read(value, what);
}

/** One of a few texts. */
export function readChoice<T extends string | number>(
  value: unknown,
  what: string,
  choices: readonly T[],
): T {
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) throw malformed(what, `one of ${choices.join(', ')}`, value);
  return choice;
}

export function readBoolean(value: unknown, what: string): boolean {
  if (typeof value !== 'boolean') throw malformed(what, 'true or false', value);
  return value;
}

/** A finite number that is not negative. */
export function readNumber(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw malformed(what, 'a number of at least 0', value);
  }
  return value;
}

/** A count or a version. */
export function readInteger(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value)) throw malformed(what, 'an integer', value);
  return readNumber(value, what);
}

/** An address in canonical form: it will be a map's key. */
export function readIp(value: unknown, what: string): IpAddress {
  const ip = parseIp(readText(value, what));
  if (ip === undefined || ip !== value) throw malformed(what, 'a canonical IP address', value);
  return ip;
}

/** @param limit more entries than this are refused before any is read */
export function readList<T>(
  value: unknown,
  what: string,
  { limit, read }: { limit: number; read: (value: unknown, what: string) => T },
): T[] {
  if (!Array.isArray(value) || value.length > limit) {
    throw malformed(what, `a list of at most ${limit}`, value);
  }
  return value.map((entry, index) => read(entry, `${what}[${index}]`));
}

/** @param limit more entries than this are refused before any is read */
export function readMap<T>(
  value: unknown,
  what: string,
  { limit, read }: { limit: number; read: (value: unknown, what: string) => T },
): Readonly<Record<string, T>> {
  const entries = Object.entries(readObject(value, what));
  if (entries.length > limit) throw malformed(what, `at most ${limit} entries`, entries.length);
  return Object.fromEntries(
    entries.map(([key, entry]) => [readText(key, what), read(entry, `${what}.${key}`)]),
  );
}

function malformed(what: string, expected: string, value: unknown): MalformedMessageError {
  return new MalformedMessageError(`${what}: expected ${expected}, got ${shownValue(value)}`);
}
