/** Of what may come in floods, one is told now and then, with the number of those before that were not. */
export class NowAndThen {
  readonly #quietMs: number;
  readonly #told = new Map<string, { readonly quietUntil: number; untold: number }>();

  /** @param quietMs between two that are told under one key */
  constructor(quietMs: number) {
    this.#quietMs = quietMs;
  }

  /**
   * @param key of a few
   * @returns how many were passed over since the last one that was told; undefined: this one is, too
   */
  take(key: string, now: number): number | undefined {
    const last = this.#told.get(key);
    if (last !== undefined && now < last.quietUntil) {
      last.untold += 1;
      return undefined;
    }
    this.#told.set(key, { quietUntil: now + this.#quietMs, untold: 0 });
    return last?.untold ?? 0;
  }
}
