import type { FreshCode } from './coverage.ts';
import { mutate } from './mutations.ts';
import { Random } from './random.ts';
import type { Target } from './target.ts';

/** What is wrong with an input. */
export interface Finding {
  readonly kind: 'crash' | 'hang';
  readonly input: Uint8Array;
  readonly message: string;
}

/** How a run of one target went. */
export interface Outcome {
  readonly inputs: number;
  /** Inputs that reached code which no input before had reached. */
  readonly kept: readonly Uint8Array[];
  readonly findings: readonly Finding[];
}

interface FuzzOptions {
  readonly target: Target;
  readonly corpus: readonly Uint8Array[];
  readonly seed: number;
  readonly runs: number;
  readonly coverage: {
    /** What ran since the last look and never before. */
    look(): readonly FreshCode[];
    /** From now on it is no news. */
    keep(fresh: readonly FreshCode[]): void;
  };
  /** Told of each input before the target gets it. */
  readonly onInput: (input: Uint8Array) => void;
}

/** A host may take the processor away for longer than that: the fastest of so many counts. */
const REPEATS = 5;
/** More of them would be more of the same. */
const MAX_FINDINGS = 5;
/** A short input tells more; a few seconds are enough for it. */
const SHORTENING_TRIES = 2_000;
/** Changes of a longer input take long, and show little that those of a short one don't. */
const LONG = 1_024;
/** Looking at counters takes as long as hundreds of inputs: seldom, once little is new. */
const BATCH = { first: 16, largest: 4_096 };

/** What is wrong with this input, if anything. */
export function judge(target: Target, input: Uint8Array): Finding | undefined {
  const { error, tookMs } = trial(target, input);
  if (error !== undefined) return { kind: 'crash', input, message: tracedMessage(target, input) };
  if (tookMs <= target.slowMs) return undefined;
  const times = Array.from({ length: REPEATS }, () => trial(target, input).tookMs);
  const fastestMs = Math.round(Math.min(...times));
  return fastestMs <= target.slowMs
    ? undefined
    : { kind: 'hang', input, message: `takes ${fastestMs} ms, more than ${target.slowMs}` };
}

function trial({ check }: Target, input: Uint8Array) {
  const startedAt = performance.now();
  let error: Error | undefined;
  try {
    check(input);
  } catch (thrown) {
    error = thrown instanceof Error ? thrown : new Error(String(thrown));
  }
  return { error, tookMs: performance.now() - startedAt };
}

/** Once more, with the way that the error took. */
function tracedMessage(target: Target, input: Uint8Array): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 20;
  const { error } = trial(target, input);
  Error.stackTraceLimit = limit;
  return error?.stack ?? 'only at the first time';
}

/** What tells findings apart: the error, without what it says of the input, and where it was thrown. */
function headOf({ kind, message }: Finding): string {
  const [place = ''] = /^ +at .*$/m.exec(message) ?? [];
  return `${kind} ${message.slice(0, message.indexOf(':'))} ${place}`;
}

/** Changes inputs of a pool, and takes into the pool what reaches new code. The same seed gives the same inputs. */
export class Fuzzer {
  readonly #options: FuzzOptions;
  readonly #random: Random;
  readonly #pool: Uint8Array[];
  /** By what tells them apart. */
  readonly #findings = new Map<string, Finding>();
  #inputs = 0;

  constructor(options: FuzzOptions) {
    this.#options = options;
    this.#random = Random.of(options.seed, options.target.name);
    this.#pool = [...options.target.seeds, ...options.corpus];
  }

  run(): Outcome {
    const { runs, coverage } = this.#options;
    const known = this.#pool.length;
    for (const input of this.#pool) this.#play(input);
    coverage.keep(coverage.look());
    let size = BATCH.first;
    while (this.#inputs < runs && this.#findings.size < MAX_FINDINGS) {
      const inputs = this.#playNew(Math.min(size, runs - this.#inputs));
      const fresh = coverage.look();
      if (fresh.length > 0) this.#keepNew(inputs);
      // Whether or not an input has reached it: changing inputs may have done so too.
      coverage.keep(fresh);
      size = fresh.length > 0 ? BATCH.first : Math.min(2 * size, BATCH.largest);
    }
    const kept = this.#pool.slice(known);
    return { inputs: this.#inputs, kept, findings: [...this.#findings.values()] };
  }

  #playNew(count: number): readonly Uint8Array[] {
    const inputs: Uint8Array[] = [];
    while (inputs.length < count && this.#findings.size < MAX_FINDINGS) {
      const input = mutate(this.#options.target, this.#pool, this.#random);
      inputs.push(input);
      this.#play(input);
    }
    return inputs;
  }

  #play(input: Uint8Array): void {
    this.#inputs += 1;
    const finding = this.#judge(input);
    if (finding !== undefined) this.#note(finding);
  }

  #judge(input: Uint8Array): Finding | undefined {
    this.#options.onInput(input);
    return judge(this.#options.target, input);
  }

  #note(finding: Finding): void {
    const head = headOf(finding);
    if (!this.#findings.has(head)) this.#findings.set(head, this.#shortened(finding));
  }

  /** Without what does not matter for the finding, as far as leaving out one part after the other gets. */
  #shortened(finding: Finding): Finding {
    let best = finding;
    let tries = SHORTENING_TRIES;
    for (let size = best.input.length >> 1; size > 0; size >>= 1) {
      for (let at = 0; at < best.input.length && tries > 0; tries -= 1) {
        const { input } = best;
        const less = this.#judge(Buffer.concat([input.subarray(0, at), input.subarray(at + size)]));
        if (less !== undefined && headOf(less) === headOf(finding)) best = less;
        else at += size;
      }
    }
    return best;
  }

  /** Plays them once more, in ever smaller parts, to find those that reached something new. */
  #keepNew(inputs: readonly Uint8Array[]): void {
    const { target, coverage } = this.#options;
    for (const input of inputs) trial(target, input);
    const fresh = coverage.look();
    if (fresh.length === 0) return;
    if (inputs.length === 1) {
      coverage.keep(fresh);
      if (inputs.every(({ length }) => length <= LONG)) this.#pool.push(...inputs);
    } else {
      const half = inputs.length >> 1;
      this.#keepNew(inputs.slice(0, half));
      this.#keepNew(inputs.slice(half));
    }
  }
}
