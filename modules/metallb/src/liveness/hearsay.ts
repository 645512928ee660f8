import { LRUCache } from 'lru-cache';

const MAX_NODES = 256;

/**
 * Nodes that peers have told of hearing, with when they last did (network rule 4). One lost heartbeat, of the node or of
 * the peer, takes none of them away.
 */
export class Hearsay {
  readonly #toldAt = new LRUCache<string, number>({ max: MAX_NODES });

  /** @returns whether one of these nodes is new */
  told(ids: Iterable<string>, now: number): boolean {
    let isNews = false;
    for (const id of ids) {
      isNews ||= !this.#toldAt.has(id);
      this.#toldAt.set(id, now);
    }
    return isNews;
  }

  get none(): boolean {
    return this.#toldAt.size === 0;
  }

  has(id: string): boolean {
    return this.#toldAt.has(id);
  }

  /** What was told before its burial is no news of it. */
  forget(id: string): void {
    this.#toldAt.delete(id);
  }

  /** @returns whether a node has not been told of for this long */
  expire(afterMs: number, now: number): boolean {
    let isOver = false;
    for (const [id, at] of this.#toldAt) {
      if (now - at < afterMs) continue;
      this.#toldAt.delete(id);
      isOver = true;
    }
    return isOver;
  }
}
