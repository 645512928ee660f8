/** Both ends belong to it. */
export interface Interval {
  readonly first: bigint;
  readonly last: bigint;
}

type Chunk = Interval[];

/** So short that inserting moves little, so long that there are few. */
const MAXIMUM_CHUNK_LENGTH = 128;

/**
 * Disjoint intervals in ascending order, found by binary search. Kept in chunks, since one long array would move half
 * its length at each insertion.
 * Invariant: no chunk is empty.
 */
export class IntervalList {
  readonly #chunks: Chunk[] = [];

  get lowest(): Interval | undefined {
    return this.#chunks[0]?.[0];
  }

  /** The last interval that begins at or below `value`. */
  atOrBelow(value: bigint): Interval | undefined {
    const chunk = this.#chunks[this.#chunkIndex(value)];
    return chunk?.[intervalIndex(chunk, value)];
  }

  /** @param interval overlaps none in the list */
  insert(interval: Interval): void {
    const chunkIndex = Math.max(0, this.#chunkIndex(interval.first));
    const chunk = this.#chunks[chunkIndex];
    if (chunk === undefined) {
      this.#chunks.push([interval]);
      return;
    }
    chunk.splice(intervalIndex(chunk, interval.first) + 1, 0, interval);
    this.#splitLong(chunkIndex, chunk);
  }

  /** @param interval one from the list */
  remove(interval: Interval): void {
    this.replace(interval, []);
  }

  /**
   * @param interval one from the list
   * @param parts of it, in ascending order
   */
  replace(interval: Interval, parts: readonly Interval[]): void {
    const chunkIndex = this.#chunkIndex(interval.first);
    const chunk = this.#chunks[chunkIndex];
    if (chunk === undefined) return;
    chunk.splice(intervalIndex(chunk, interval.first), 1, ...parts);
    if (chunk.length === 0) this.#chunks.splice(chunkIndex, 1);
    else this.#splitLong(chunkIndex, chunk);
  }

  #splitLong(chunkIndex: number, chunk: Chunk): void {
    if (chunk.length <= MAXIMUM_CHUNK_LENGTH) return;
    this.#chunks.splice(chunkIndex + 1, 0, chunk.splice(MAXIMUM_CHUNK_LENGTH / 2));
  }

  #chunkIndex(value: bigint): number {
    return lastWhere(this.#chunks, ([lowest]) => lowest !== undefined && lowest.first <= value);
  }
}

function intervalIndex(chunk: Chunk, value: bigint): number {
  return lastWhere(chunk, ({ first }) => first <= value);
}

/** Binary search for the last item that `holds`, where it holds for the items up to some point; −1 for none. */
function lastWhere<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = items[middle];
    if (item !== undefined && holds(item)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
