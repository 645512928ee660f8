import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { MalformedPacketError } from '../../modules/metallb/src/packet/malformed.ts';

export interface CodecRow<T> {
  readonly bytes: Uint8Array;
  readonly value: T;
  readonly decode: (bytes: Uint8Array) => T;
  readonly encode: (value: T) => Uint8Array;
}

/** Bytes and value are each other's image, and nothing shorter is taken for the whole. */
export function assertCodec<T>({ bytes, value, decode, encode }: CodecRow<T>): void {
  assert.equal(decode(bytes), value, 'decode(bytes)');
  assert.equal(encode(value), bytes, 'encode(value)');
  assert.equal(decode(encode(value)), value, 'decode(encode(value))');
  assertPrefixesRefused(bytes, decode);
}

export function assertPrefixesRefused(
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
): void {
  for (let length = 0; length < bytes.length; length += 1) {
    assert.throws(() => decode(bytes.subarray(0, length)), isMalformed, `prefix of ${length}`);
  }
}

export function isMalformed(error: unknown): boolean {
  return error instanceof MalformedPacketError;
}

/** Random bytes, and `seeds` with some bytes changed or cut off, give a value or are refused as they should be. */
export function assertTotal(
  seeds: readonly Uint8Array[],
  decode: (bytes: Uint8Array) => unknown,
  isRefusal: (error: unknown) => boolean = isMalformed,
): void {
  const mutated = fc
    .tuple(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }),
      fc.nat(200),
    )
    .map(([seed, changes, length]) => {
      const bytes = Uint8Array.from(seed);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return bytes.subarray(0, Math.max(length, bytes.length - 4));
    });
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated);
  fc.assert(
    fc.property(bytes, (input) => isTotalOn(input, decode, isRefusal)),
    { numRuns: 500 },
  );
}

function isTotalOn(
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
  isRefusal: (error: unknown) => boolean,
): boolean {
  try {
    decode(bytes);
    return true;
  } catch (error) {
    return isRefusal(error);
  }
}
