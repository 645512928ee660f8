import { Session } from 'node:inspector';

/** What V8 tells of one function: its own range first, then blocks within that ran another number of times. */
interface FunctionCoverage {
  readonly ranges: readonly {
    readonly startOffset: number;
    readonly endOffset: number;
    readonly count: number;
  }[];
}

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly FunctionCoverage[];
}

/** Characters of a function, by their offsets in it. */
export interface FreshCode {
  readonly code: string;
  readonly at: readonly number[];
}

/** Which code under test has run in this thread, by V8's own counters: nothing is instrumented, little is slower. */
export class Coverage {
  readonly #session = new Session();
  readonly #isUnderTest: (url: string) => boolean;
  /** By function. */
  readonly #seen = new Map<string, Set<number>>();

  constructor(isUnderTest: (url: string) => boolean) {
    this.#isUnderTest = isUnderTest;
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** What ran since the last look and never before. */
  look(): readonly FreshCode[] {
    return this.#take()
      .filter(({ url }) => this.#isUnderTest(url))
      .flatMap(({ url, functions }) =>
        functions.flatMap(({ ranges }) => this.#freshIn(url, ranges) ?? []),
      );
  }

  /** Others may count in this process then. */
  stop(): void {
    this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  /** From now on it is no news. */
  keep(fresh: readonly FreshCode[]): void {
    for (const { code, at } of fresh) {
      const seen = this.#seen.get(code) ?? new Set();
      for (const offset of at) seen.add(offset);
      this.#seen.set(code, seen);
    }
  }

  #freshIn(url: string, ranges: FunctionCoverage['ranges']): FreshCode | undefined {
    const [whole] = ranges;
    if (whole === undefined || whole.count === 0) return undefined;
    const ran = new Uint8Array(whole.endOffset - whole.startOffset);
    for (const { startOffset, endOffset, count } of ranges) {
      ran.fill(count > 0 ? 1 : 0, startOffset - whole.startOffset, endOffset - whole.startOffset);
    }
    // Apart for each function: the range of one holds those of all within.
    const code = `${url}:${whole.startOffset}`;
    const seen = this.#seen.get(code);
    const at: number[] = [];
    for (let offset = 0; offset < ran.length; offset += 1) {
      if (ran[offset] === 1 && !seen?.has(offset)) at.push(offset);
    }
    return at.length === 0 ? undefined : { code, at };
  }

  /** Counters start at zero again. */
  #take(): readonly ScriptCoverage[] {
    let taken: readonly ScriptCoverage[] = [];
    // The session calls back before it returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error !== null) throw new Error(error.message);
      taken = result;
    });
    return taken;
  }
}
