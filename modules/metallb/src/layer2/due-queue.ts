interface Entry<T> {
  readonly at: number;
  readonly item: T;
}

/** Unwanted entries that may lie in the queue beside as many wanted ones before it is tidied. */
const SPARE_ENTRIES = 64;

/**
 * Items in order of the time they are due: a binary heap, so 10,000 of them cost no scan. Items that are no longer
 * wanted are not searched for; they are skipped, and tidied away before they outnumber the others by far.
 */
export class DueQueue<T> {
  readonly #isWanted: (item: T) => boolean;
  #heap: Entry<T>[] = [];
  #tidyAbove = SPARE_ENTRIES;

  constructor(isWanted: (item: T) => boolean) {
    this.#isWanted = isWanted;
  }

  /** Entries in memory, unwanted ones included. */
  get size(): number {
    return this.#heap.length;
  }

  /** The wanted item that is due first. */
  peek(): Entry<T> | undefined {
    while (this.#heap[0] !== undefined && !this.#isWanted(this.#heap[0].item)) this.pop();
    return this.#heap[0];
  }

  push(at: number, item: T): void {
    if (this.#heap.length >= this.#tidyAbove) this.#tidy();
    this.#heap.push({ at, item });
    this.#rise(this.#heap.length - 1);
  }

  pop(): Entry<T> | undefined {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink(0);
    }
    return top;
  }

  #tidy(): void {
    // A sorted array is a heap.
    this.#heap = this.#heap.filter(({ item }) => this.#isWanted(item)).sort((a, b) => a.at - b.at);
    this.#tidyAbove = 2 * this.#heap.length + SPARE_ENTRIES;
  }

  #rise(from: number): void {
    let index = from;
    while (index > 0 && this.#at(index) < this.#at((index - 1) >> 1)) {
      index = this.#swap(index, (index - 1) >> 1);
    }
  }

  #sink(from: number): void {
    let index = from;
    for (;;) {
      const left = 2 * index + 1;
      const child = this.#at(left + 1) < this.#at(left) ? left + 1 : left;
      if (this.#at(child) >= this.#at(index)) return;
      index = this.#swap(index, child);
    }
  }

  #at(index: number): number {
    return this.#heap[index]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** @returns `to`, where the entry is now */
  #swap(from: number, to: number): number {
    const a = this.#heap[from];
    const b = this.#heap[to];
    if (a !== undefined && b !== undefined) {
      this.#heap[from] = b;
      this.#heap[to] = a;
    }
    return to;
  }
}
