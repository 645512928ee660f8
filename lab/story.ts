/** A demo told step by step. A step that throws is the end of the story. */
export class Story {
  readonly #write: (text: string) => void;
  readonly #colour: boolean;

  /** @param colour only where a person looks on */
  constructor(write: (text: string) => void, colour: boolean) {
    this.#write = write;
    this.#colour = colour;
  }

  async step<Result>(title: string, work: () => Promise<Result>): Promise<Result> {
    this.#write(`\n${this.#painted('1', `── ${title}`)}\n`);
    try {
      return await work();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#write(`   ${this.#painted('31', '✗')} ${message}\n`);
      throw error;
    }
  }

  /** A line of what is seen. */
  tell(text: string): void {
    this.#write(`   ${text}\n`);
  }

  /** A statement and whether it holds. @throws when it does not */
  check(holds: boolean, statement: string): void {
    if (!holds) throw new Error(`not so: ${statement}`);
    this.#write(`   ${this.#painted('32', '✓')} ${statement}\n`);
  }

  #painted(code: string, text: string): string {
    return this.#colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}

/** Cells padded to columns, two spaces between. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>(
    (all, row) => row.map((cell, index) => Math.max(all[index] ?? 0, cell.length)),
    [],
  );
  return rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
