/** Who waits for an address of which pool. */
export class WaitingList {
  readonly #onFreed: (services: ReadonlySet<string>) => void;
  readonly #waiting = new Map<string, Set<string>>();

  /** @param onFreed told of Services for which an address may be there now */
  constructor(onFreed: (services: ReadonlySet<string>) => void) {
    this.#onFreed = onFreed;
  }

  size(pool: string): number {
    return this.#waiting.get(pool)?.size ?? 0;
  }

  add(pool: string, serviceKey: string): void {
    const waiting = this.#waiting.get(pool) ?? new Set();
    this.#waiting.set(pool, waiting.add(serviceKey));
  }

  remove(serviceKey: string): void {
    for (const waiting of this.#waiting.values()) waiting.delete(serviceKey);
  }

  /** @param pools in which something became free */
  wake(pools: Iterable<string>): void {
    const services = new Set([...pools].flatMap((pool) => [...(this.#waiting.get(pool) ?? [])]));
    if (services.size > 0) this.#onFreed(services);
  }
}
