import { WorkQueue, type WorkQueuePorts } from '../store/work-queue.ts';

/** Several work queues: a key always goes to the same one, so that no key is ever worked twice at once. */
export class ShardedQueue {
  readonly #shards: readonly WorkQueue[];

  constructor(count: number, portsOfShard: () => WorkQueuePorts) {
    this.#shards = Array.from({ length: count }, () => new WorkQueue(portsOfShard()));
  }

  /** Keys that still want work. */
  get depth(): number {
    return this.#shards.reduce((sum, shard) => sum + shard.depth, 0);
  }

  add(key: string): void {
    let hash = 0;
    for (let index = 0; index < key.length; index += 1) {
      hash = (hash * 31 + key.charCodeAt(index)) >>> 0;
    }
    this.#shards[hash % this.#shards.length]?.add(key);
  }

  /** Resolves once nothing is waiting or in flight. */
  async idle(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.idle()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.stop()));
  }
}
