/** Puts lines together from chunks. */
export class LineSplitter {
  readonly #maxLength: number;
  #parts: string[] = [];
  #length = 0;

  /** @param maxLength in UTF-16 units, without the line end */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** @returns the lines that this chunk completes @throws RangeError when a line is too long, complete or not */
  push(chunk: string): string[] {
    const [first = '', ...rest] = chunk.split('\n');
    this.#append(first);
    const lines: string[] = [];
    for (const part of rest) {
      lines.push(this.#parts.join(''));
      this.#parts = [];
      this.#length = 0;
      this.#append(part);
    }
    return lines;
  }

  #append(part: string): void {
    this.#length += part.length;
    if (this.#length > this.#maxLength) {
      throw new RangeError(`a line is longer than ${this.#maxLength}`);
    }
    this.#parts.push(part);
  }
}
