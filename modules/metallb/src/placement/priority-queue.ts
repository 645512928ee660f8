/** A binary heap: the least item by `compare` comes out first. An item's place must not change while it is inside. */
export class PriorityQueue<T> {
  readonly #compare: (a: T, b: T) => number;
  readonly #heap: T[] = [];

  constructor(compare: (a: T, b: T) => number, items: readonly T[]) {
    this.#compare = compare;
    for (const item of items) this.push(item);
  }

  push(item: T): void {
    let index = this.#heap.length;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#heap[parentIndex];
      if (parent === undefined || this.#compare(parent, item) <= 0) break;
      this.#heap[index] = parent;
      index = parentIndex;
    }
    this.#heap[index] = item;
  }

  pop(): T | undefined {
    const least = this.#heap[0];
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) this.#sink(last);
    return least;
  }

  #sink(item: T): void {
    let index = 0;
    for (;;) {
      const childIndex = this.#lesserChild(index);
      const child = this.#heap[childIndex];
      if (child === undefined || this.#compare(item, child) <= 0) break;
      this.#heap[index] = child;
      index = childIndex;
    }
    this.#heap[index] = item;
  }

  #lesserChild(index: number): number {
    const left = this.#heap[2 * index + 1];
    const right = this.#heap[2 * index + 2];
    const rightIsLess = left !== undefined && right !== undefined && this.#compare(right, left) < 0;
    return 2 * index + (rightIsLess ? 2 : 1);
  }
}
