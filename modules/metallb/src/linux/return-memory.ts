import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';

interface Kept {
  readonly times: number;
  readonly lastEpochMs: number;
}

/** How often this node came back to each segment, in a file that outlives a boot; what can't be read is forgotten. */
export class ReturnMemory {
  readonly #path: string;
  readonly #byInterface: Map<string, Kept>;
  readonly #onError: (error: unknown) => void;
  #writing: Promise<void> | undefined;
  #isWritten = true;

  constructor(path: string, onError: (error: unknown) => void) {
    this.#path = path;
    this.#onError = onError;
    this.#byInterface = new Map(read(path));
  }

  of(interfaceName: string): Kept | undefined {
    return this.#byInterface.get(interfaceName);
  }

  /** @returns when it is written: at once, as what brings a node down may do so again any moment, and never in the way */
  keep(interfaceName: string, kept: Kept): Promise<void> {
    this.#byInterface.set(interfaceName, kept);
    this.#isWritten = false;
    this.#writing ??= this.#write();
    return this.#writing;
  }

  /** What is kept while a file is being written goes into the next one. */
  async #write(): Promise<void> {
    while (!this.#isWritten) {
      this.#isWritten = true;
      const text = `${JSON.stringify(Object.fromEntries(this.#byInterface))}\n`;
      try {
        await writeFile(`${this.#path}.new`, text);
        await rename(`${this.#path}.new`, this.#path);
      } catch (error) {
        this.#onError(error); // a full disk costs a longer memory, no answer
      }
    }
    this.#writing = undefined;
  }
}

function read(path: string): [string, Kept][] {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return [];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, kept]): [string, Kept][] =>
    isKept(kept) ? [[name, { times: kept.times, lastEpochMs: kept.lastEpochMs }]] : [],
  );
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== 'object' || value === null) return false;
  const { times, lastEpochMs } = value as Record<string, unknown>;
  return Number.isSafeInteger(times) && Number(times) > 0 && Number.isSafeInteger(lastEpochMs);
}
