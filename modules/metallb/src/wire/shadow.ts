/** Another interface of this node on the same segment: the one with the earlier name answers alone (network rule 9). */
export class Shadow {
  readonly #interface: string;
  readonly #lastsMs: number;
  #by = '';
  #until = Number.NEGATIVE_INFINITY;

  /** @param lastsMs after the last heartbeat of the other interface */
  constructor(interfaceName: string, lastsMs: number) {
    this.#interface = interfaceName;
    this.#lastsMs = lastsMs;
  }

  /** A heartbeat of this node, sent from another interface. @returns whether this one has to fall silent now */
  heard(from: string, now: number): boolean {
    if (from >= this.#interface) return false;
    const begins = this.at(now) === undefined;
    if (begins || from < this.#by) this.#by = from;
    this.#until = now + this.#lastsMs;
    return begins;
  }

  /** The interface that answers instead of this one. */
  at(now: number): string | undefined {
    return now < this.#until ? this.#by : undefined;
  }
}
