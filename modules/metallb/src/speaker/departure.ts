/** How long others have to take over what is no longer preferred here, before it is withdrawn. */
const WITHDRAW_AFTER_MS = 5_000;

/** Whether routes of this node stand, are the last choice (RFC 8326), or are withdrawn. */
export type Standing = 'here' | 'leaving' | 'gone';

/** A node that is drained goes in two steps, so that routers have another way before they lose this one. */
export class Departure {
  #leftAtMs: number | undefined;
  #isFirst = true;

  /** @param isLeaving what people want, or not */
  standing(isLeaving: boolean, nowMs: number): Standing {
    // Nobody has heard anything from a node that was drained before it started.
    const since = this.#isFirst ? Number.NEGATIVE_INFINITY : nowMs;
    this.#isFirst = false;
    this.#leftAtMs = isLeaving ? (this.#leftAtMs ?? since) : undefined;
    if (this.#leftAtMs === undefined) return 'here';
    return nowMs - this.#leftAtMs < WITHDRAW_AFTER_MS ? 'leaving' : 'gone';
  }

  /** When to ask again although nothing was told; undefined: never. */
  get nextEdgeMs(): number | undefined {
    return this.#leftAtMs === undefined ? undefined : this.#leftAtMs + WITHDRAW_AFTER_MS;
  }
}
