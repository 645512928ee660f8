import { mutateJson } from './mutate-json.ts';
import type { Random } from './random.ts';
import type { Target } from './target.ts';

type Change = (input: Uint8Array, random: Random, others: Others) => Uint8Array;

/** What a change may take something from. */
interface Others {
  readonly pool: readonly Uint8Array[];
  readonly dictionary: readonly Uint8Array[];
}

const NEWEST = 4;
const TEXT_ONCE_IN = 8;
const BYTES = [0, 1, 0x7f, 0x80, 0xff];
const LENGTHS = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff];
const NUMBERS = ['0', '-1', '1e999', '-0', '0.5', '65536', '9007199254740993', '1e21', 'NaN'];
const MAX_REPEATS = 2_000;

/** A few changes of one input of the pool, made right again now and then so that they reach what lies behind checks. */
export function mutate(target: Target, pool: readonly Uint8Array[], random: Random): Uint8Array {
  // Whatever came last is where something new may be.
  const input = random.pick(random.once(2) ? pool : pool.slice(-NEWEST));
  // What a tree looks like as text matters to the parser of JSON alone, which is not ours.
  const isTree = target.grammar === 'json' && !random.once(TEXT_ONCE_IN);
  const changed = isTree
    ? mutateJson(input, random, pool)
    : mutateText(input, random, target, pool);
  const cut = changed.subarray(0, target.longest);
  return target.mend === undefined || random.once(4) ? cut : target.mend(cut);
}

function mutateText(
  input: Uint8Array,
  random: Random,
  { grammar, dictionary, longest }: Target,
  pool: readonly Uint8Array[],
): Uint8Array {
  let changed = input;
  do {
    const change = random.pick(CHANGES[grammar]);
    changed = change(changed, random, { pool, dictionary }).subarray(0, longest);
  } while (random.once(2));
  return changed;
}

function flipBit(input: Uint8Array, random: Random): Uint8Array {
  return withByte(input, random, (byte) => byte ^ (1 << random.below(8)));
}

function setByte(input: Uint8Array, random: Random): Uint8Array {
  return withByte(input, random, () => (random.once(4) ? random.pick(BYTES) : random.below(256)));
}

function countByte(input: Uint8Array, random: Random): Uint8Array {
  return withByte(input, random, (byte) => byte + random.below(9) - 4);
}

function withByte(input: Uint8Array, random: Random, change: (byte: number) => number): Uint8Array {
  const changed = Uint8Array.from(input);
  const at = random.below(changed.length);
  if (changed.length > 0) changed[at] = change(changed[at] ?? 0);
  return changed;
}

/** Two bytes that may be a length, or the first of several. */
function setLength(input: Uint8Array, random: Random): Uint8Array {
  const changed = Uint8Array.from(input);
  const length = random.pick([...LENGTHS, changed.length, random.below(2 * changed.length)]);
  const at = random.below(changed.length - 1);
  return overwritten(changed, at, Uint8Array.of(length >> 8, length));
}

function cutEnd(input: Uint8Array, random: Random): Uint8Array {
  return input.subarray(0, random.below(input.length + 1));
}

function cutOut(input: Uint8Array, random: Random): Uint8Array {
  const [from, to] = span(input, random);
  return Buffer.concat([input.subarray(0, from), input.subarray(to)]);
}

function double(input: Uint8Array, random: Random): Uint8Array {
  const [from, to] = span(input, random);
  return inserted(input, to, input.subarray(from, to));
}

function extend(input: Uint8Array, random: Random): Uint8Array {
  const more = Uint8Array.from({ length: 1 + random.below(32) }, () => random.below(256));
  return inserted(input, random.once(2) ? input.length : random.below(input.length + 1), more);
}

/** The start of this one and the end of another. */
function splice(input: Uint8Array, random: Random, { pool }: Others): Uint8Array {
  const other = random.pick(pool);
  const [at] = span(input, random);
  const from = random.once(2) ? at : random.below(other.length + 1);
  return Buffer.concat([input.subarray(0, at), other.subarray(from)]);
}

function putWord(input: Uint8Array, random: Random, { dictionary }: Others): Uint8Array {
  if (dictionary.length === 0) return setByte(input, random);
  const word = random.pick(dictionary);
  const at = random.below(input.length + 1);
  return random.once(2) ? inserted(input, at, word) : overwritten(Uint8Array.from(input), at, word);
}

/** As what nests without end, or takes time with each more of the same. */
function repeat(input: Uint8Array, random: Random): Uint8Array {
  const [from] = span(input, random);
  const some = input.subarray(from, from + 1 + random.below(4));
  return inserted(input, from, Buffer.alloc(some.length * random.below(MAX_REPEATS), some));
}

function setNumber(input: Uint8Array, random: Random): Uint8Array {
  const text = Buffer.from(input).toString('latin1');
  const numbers = [...text.matchAll(/\d+/g)];
  if (numbers.length === 0) return setByte(input, random);
  const { index, 0: digits } = random.pick(numbers);
  const changed = text.slice(0, index) + random.pick(NUMBERS) + text.slice(index + digits.length);
  return Buffer.from(changed, 'latin1');
}

const ANY: readonly Change[] = [
  flipBit,
  setByte,
  countByte,
  cutEnd,
  cutOut,
  double,
  extend,
  splice,
];
const TEXT: readonly Change[] = [...ANY, putWord, putWord, repeat, setNumber];
const CHANGES: Readonly<Record<Target['grammar'], readonly Change[]>> = {
  bytes: [...ANY, setLength, setLength, putWord],
  text: TEXT,
  json: TEXT,
};

/** Mostly a short one: two ends of `input`, in order. */
function span(input: Uint8Array, random: Random): [from: number, to: number] {
  const from = random.below(input.length + 1);
  const longest = random.once(4) ? input.length - from : Math.min(8, input.length - from);
  return [from, from + random.below(longest + 1)];
}

function inserted(input: Uint8Array, at: number, more: Uint8Array): Uint8Array {
  return Buffer.concat([input.subarray(0, at), more, input.subarray(at)]);
}

/** What would stick out is left out. */
function overwritten(input: Uint8Array, at: number, some: Uint8Array): Uint8Array {
  input.set(some.subarray(0, Math.max(0, input.length - at)), Math.min(at, input.length));
  return input;
}
