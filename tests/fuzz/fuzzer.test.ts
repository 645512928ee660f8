import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fuzzer } from './fuzzer.ts';
import { accepted, type Target } from './target.ts';

const WORD = [0xca, 0xfe, 0xba];

/** A decoder that breaks at a word which chance alone would need 2^24 inputs for, and the coverage of its code. */
class Brittle {
  readonly #kept = new Set<number>();
  #reached = new Set<number>();

  readonly target: Target = {
    ...{ name: 'brittle', grammar: 'bytes', dictionary: [], mend: undefined, slowMs: 1_000 },
    ...{ longest: 64, share: 1 },
    seeds: [Uint8Array.of(1, 2, 3, 4)],
    check: (input) => void accepted(() => this.#decode(input), RangeError),
  };

  look() {
    const at = [...this.#reached].filter((depth) => !this.#kept.has(depth));
    this.#reached = new Set();
    return at.length === 0 ? [] : [{ code: 'brittle', at }];
  }

  keep(fresh: ReturnType<Brittle['look']>): void {
    for (const depth of fresh.flatMap(({ at }) => at)) this.#kept.add(depth);
  }

  #decode(input: Uint8Array): void {
    for (const [depth, byte] of WORD.entries()) {
      if (input[depth] !== byte) throw new RangeError('another word');
      this.#reached.add(depth);
    }
    throw new TypeError('found');
  }
}

function run(seed: number, runs: number) {
  const brittle = new Brittle();
  const played: string[] = [];
  const fuzzer = new Fuzzer({
    ...{ target: brittle.target, seed, runs, corpus: [], coverage: brittle },
    onInput: (input) => played.push(Buffer.from(input).toString('hex')),
  });
  return { ...fuzzer.run(), played };
}

test('it finds its way byte by byte, and leaves out of what it found all that does not matter', () => {
  const { findings, kept } = run(1, 60_000);
  assert.equal(
    findings.map(({ kind, input }) => [kind, Buffer.from(input).toString('hex')]),
    [['crash', 'cafeba']],
  );
  assert.match(findings[0]?.message ?? '', /TypeError: found\n +at Brittle/);
  assert.is(kept.length, WORD.length);
});

test('the same seed plays the same inputs, another one others', () => {
  const [first, again, other] = [7, 7, 8].map((seed) => run(seed, 1_000).played);
  assert.equal(first, again);
  assert.is.not(first?.join(), other?.join());
});

test.run();
