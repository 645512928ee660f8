import { hold, MACHINE_LOCK } from './lock.ts';

/** The machine as one run has it: beside others, and to itself for as long as it measures. */
export class Machine {
  readonly #lockFile: string;
  #release: () => Promise<void>;
  #waitedMs = 0;
  #waitingSince: number | undefined;
  #wasAlone = false;
  /** What was given up at its deadline may go on for a while; it gets nothing any more. */
  #isOver = false;

  private constructor(lockFile: string, release: () => Promise<void>) {
    this.#lockFile = lockFile;
    this.#release = release;
  }

  /** Works beside other work, but for what measures. */
  static async share<Result>(
    work: (machine: Machine) => Promise<Result>,
    lockFile = MACHINE_LOCK,
  ): Promise<Result> {
    const machine = new Machine(lockFile, await hold(lockFile, 'shared'));
    try {
      return await work(machine);
    } finally {
      machine.#isOver = true;
      await machine.#release();
    }
  }

  /** How long it has waited, of its time, for others to measure or to let it. */
  get waitedMs(): number {
    const since = this.#waitingSince;
    return this.#waitedMs + (since === undefined ? 0 : performance.now() - since);
  }

  get wasAlone(): boolean {
    return this.#wasAlone;
  }

  /** Measures while nobody else works. */
  async alone<Result>(measure: () => Promise<Result>): Promise<Result> {
    this.#wasAlone = true;
    await this.#waitFor('exclusive');
    try {
      return await measure();
    } finally {
      await this.#waitFor('shared');
    }
  }

  async #waitFor(mode: 'exclusive' | 'shared'): Promise<void> {
    this.#waitingSince = performance.now();
    await this.#release();
    this.#release = await hold(this.#lockFile, mode);
    if (this.#isOver) await this.#release();
    this.#waitedMs = this.waitedMs;
    this.#waitingSince = undefined;
  }
}
