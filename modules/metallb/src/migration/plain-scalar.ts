import { isRecord } from '../api/fields.ts';

type Meaning = string | number | boolean | null;

/**
 * A scalar without quotes in a text that Go's yaml.v2 was to read. It means what YAML 1.1 says only where no text is
 * wanted: `no` is false as a flag, and `0123` is those four digits as a password.
 */
export class PlainScalar {
  readonly written: string;

  constructor(written: string) {
    this.written = written;
  }
}

const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ...spellings(true, 'y', 'yes', 'true', 'on'),
  ...spellings(false, 'n', 'no', 'false', 'off'),
  ...spellings(null, '', '~', 'null'),
]);
const POWER_OF_TWO = /^0(?:[xX][\da-fA-F]+|[oO][0-7]+|[bB][01]+)$/;
const OCTAL = /^0[0-7]+$/;
const DECIMAL = /^(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;

/** What a value stands for where no text is wanted. */
export function meantBy(value: unknown): unknown {
  return value instanceof PlainScalar ? meaningOf(value.written) : value;
}

/** The same all through lists and maps. */
export function meantByAll(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(meantByAll);
  if (value instanceof PlainScalar || !isRecord(value)) return meantBy(value);
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, meantByAll(member)]),
  );
}

function meaningOf(written: string): Meaning {
  const word = WORDS.get(written);
  if (word !== undefined) return word;
  return numberIn(written) ?? written;
}

/** In Go's notation of integers, with underscores anywhere, or as a decimal fraction. */
function numberIn(written: string): number | undefined {
  const [, sign, digits = ''] = /^([-+]?)([\d.].*)$/.exec(written)?.map(withoutUnderscores) ?? [];
  const size = sizeOf(digits);
  return size === undefined || sign !== '-' ? size : -size;
}

function sizeOf(digits: string): number | undefined {
  if (OCTAL.test(digits)) return Number.parseInt(digits, 8);
  return POWER_OF_TWO.test(digits) || DECIMAL.test(digits) ? Number(digits) : undefined;
}

function withoutUnderscores(part: string | undefined): string {
  return part?.replaceAll('_', '') ?? '';
}

/** yaml.v2 knows `no`, `No` and `NO`, and not `nO`. */
function spellings<T>(meaning: T, ...words: readonly string[]): [string, T][] {
  return words.flatMap((word): [string, T][] =>
    [word, word.charAt(0).toUpperCase() + word.slice(1), word.toUpperCase()].map((spelling) => [
      spelling,
      meaning,
    ]),
  );
}
