/** Tells changes that matter from those that don't, at the cost of what changed. */
export class Fingerprints {
  readonly #texts = new Map<string, string>();

  /**
   * Whether any of these keys says something else than when it was last asked for.
   * @param describe what matters of the key; undefined when it is gone
   */
  changed(keys: Iterable<string>, describe: (key: string) => unknown): boolean {
    let hasChanged = false;
    for (const key of keys) {
      const facts = describe(key);
      const text = facts === undefined ? undefined : JSON.stringify(facts, bigintAsText);
      if (text === this.#texts.get(key)) continue;
      hasChanged = true;
      if (text === undefined) this.#texts.delete(key);
      else this.#texts.set(key, text);
    }
    return hasChanged;
  }

  /** Likewise, where these keys are all there are. */
  changedAll(keys: Iterable<string>, describe: (key: string) => unknown): boolean {
    const present = new Set(keys);
    const all = new Set([...this.#texts.keys(), ...present]);
    return this.changed(all, (key) => (present.has(key) ? describe(key) : undefined));
  }
}

function bigintAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
