/** What inputs look like, and so how they are changed. */
export type Grammar = 'bytes' | 'text' | 'json';

/** One decoder with what it promises. */
export interface Target {
  /** Also the folder of its inputs in `corpus/`. */
  readonly name: string;
  readonly grammar: Grammar;
  /** Inputs beside those of the corpus: what other tests use already. */
  readonly seeds: readonly Uint8Array[];
  /** Words of the format, for inputs that chance would not find. */
  readonly dictionary: readonly Uint8Array[];
  /** Makes checksums and signatures right, as far as the input has some: behind them lies the rest of a decoder. */
  readonly mend: ((input: Uint8Array) => Uint8Array) | undefined;
  /** An input that takes longer is a finding. */
  readonly slowMs: number;
  /** Bytes of the longest input. */
  readonly longest: number;
  /** Where most of the time is a library's, of which no behaviour is promised here: a part of the inputs is enough. */
  readonly share: number;
  /** @throws what is no refusal: the input is a finding */
  readonly check: (input: Uint8Array) => void;
}

/** Nothing that a node reads may keep its event loop for longer: the time between two heartbeats. */
export const INTERVAL_MS = 100;

/** Longest inputs: more than any frame that is captured; for texts, room for what is nested too deeply. */
export const LONGEST = { bytes: 2_048, text: 4_096, json: 16_384 } as const satisfies Readonly<
  Record<Grammar, number>
>;

/** Of what a library reads before anything of ours does. */
export const LIBRARY_SHARE = 0.1;

interface TextTargetOptions {
  readonly name: string;
  readonly grammar?: 'text' | 'json';
  readonly seeds?: readonly string[];
  readonly dictionary?: readonly string[];
  readonly slowMs?: number;
  readonly longest?: number;
  readonly share?: number;
  readonly check: (text: string) => void;
}

/** A decoder of text, which it gets as a file or a stream would give it: what is no UTF-8 is replaced. */
export function textTarget(options: TextTargetOptions): Target {
  const { name, grammar = 'text', slowMs = INTERVAL_MS, check } = options;
  const { longest = LONGEST[grammar], share = 1, seeds = [], dictionary = [] } = options;
  return {
    ...{ name, grammar, slowMs, longest, share },
    seeds: seeds.map((text) => Buffer.from(text)),
    dictionary: dictionary.map((text) => Buffer.from(text)),
    mend: undefined,
    check: (input) => check(Buffer.from(input).toString()),
  };
}

/** A reader of what JSON holds. What is no JSON does not reach it. */
export function jsonTarget(
  options: Omit<TextTargetOptions, 'grammar' | 'check'> & {
    readonly check: (value: unknown, text: string) => void;
  },
): Target {
  const check = (text: string) => {
    const read = parsedJson(text);
    if (read !== undefined) options.check(read.value, text);
  };
  return textTarget({ ...options, grammar: 'json', check });
}

function parsedJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** The value, or undefined where the decoder refuses in one of the ways it promises. */
export function accepted<T>(
  decode: () => T,
  ...refusals: readonly (abstract new (
    ...args: never[]
  ) => Error)[]
): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (refusals.some((refusal) => error instanceof refusal)) return undefined;
    throw error;
  }
}
